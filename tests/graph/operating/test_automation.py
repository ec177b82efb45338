"""What the sensor `on_arrival` asks for."""

import dagster as dg
import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.refresh.staleness import BATCH_STAGES

BATCH_ASSETS = {stage.name for stage in BATCH_STAGES}


@pytest.fixture(params=["procedural", "questions"])
def requested(instance, tmp_path, request):
    """Evaluates the conditions again and again; returns what is asked for: partitions by asset.

    The policy comes before the batches in one graph, and after their questions in the other.
    """
    profile = tmp_path / "profile.toml"
    profile.write_text(f'extends = "micro"\n[base_policy]\ncorpus = "{request.param}"\n')
    definitions = build_definitions(Home(tmp_path), str(profile))
    keys = [spec.key for spec in definitions.resolve_all_asset_specs()]
    cursor = None

    def evaluate() -> dict[str, set[str | None]]:
        nonlocal cursor
        result = dg.evaluate_automation_conditions(defs=definitions, instance=instance, cursor=cursor)
        cursor = result.cursor
        found = {key.to_user_string(): result.get_requested_partitions(key) for key in keys}
        return {name: partitions for name, partitions in found.items() if partitions}

    return evaluate


def materialized(instance, asset, batch=None):
    instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=batch))


def test_a_new_batch_goes_through_all_stages_without_waiting_for_a_policy_it_may_not_need(instance, requested):
    materialized(instance, "imported_files")
    assert requested() == {}

    register_batches(instance, ["new-000"])
    asked = requested()

    assert {name for name, batches in asked.items() if batches == {"new-000"}} == BATCH_ASSETS
    assert not {"base_policy", "reward_model", "policy_rule", "program_scores", "report"} & set(asked)


def test_a_batch_is_asked_for_once(instance, requested):
    materialized(instance, "imported_files")
    requested()
    register_batches(instance, ["new-000"])
    requested()

    assert requested() == {}


def test_a_new_import_does_not_ask_for_batches_that_are_done(instance, requested):
    register_batches(instance, ["old-000"])
    for asset in ("imported_files", *BATCH_ASSETS):
        materialized(instance, asset, "old-000" if asset in BATCH_ASSETS else None)
    requested()
    materialized(instance, "imported_files")
    register_batches(instance, ["new-000"])

    assert requested()["seed_functions"] == {"new-000"}
