"""The graph as Dagster sees it; a change of it shows in the snapshot's diff (pytest --snapshot-update)."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.tables import ALL_TABLES
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.settings import SettingsError

TABLES_OF_ALL_BATCHES = {"warehouse", "acecode_dataset", "preference_pairs", "hard_questions", "test_quality"}


@pytest.fixture
def definitions(tmp_path):
    return build_definitions(Home(tmp_path), "micro")


def partitioned_by(spec: dg.AssetSpec) -> str | None:
    if isinstance(spec.partitions_def, dg.StaticPartitionsDefinition):
        return "model and benchmark"
    return getattr(spec.partitions_def, "name", None)


def test_the_graph_is_the_one_in_the_snapshot(definitions, snapshot: SnapshotAssertion):
    assets = {
        spec.key.to_user_string(): {
            "group": spec.group_name,
            "from": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "partitioned by": partitioned_by(spec),
            "kinds": sorted(spec.kinds),
            "owners": list(spec.owners),
            "code version": spec.code_version,
        }
        for spec in definitions.resolve_all_asset_specs()
    }
    checks = sorted(
        f"{key.asset_key.to_user_string()}.{key.name}" for key in definitions.resolve_asset_graph().asset_check_keys
    )
    jobs = {job.name: sorted(node.name for node in job.nodes) for job in definitions.resolve_all_job_defs()}

    assert {"assets": dict(sorted(assets.items())), "checks": checks, "jobs": jobs} == snapshot


def test_everything_loads(definitions):
    dg.Definitions.validate_loadable(definitions)


def test_every_asset_says_what_it_is_and_who_owns_it(definitions):
    for spec in definitions.resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.group_name != "default", spec.key
        assert spec.kinds, spec.key


def test_every_asset_links_to_the_function_that_makes_it(definitions):
    for spec in definitions.resolve_all_asset_specs():
        (reference,) = spec.metadata["dagster/code_references"].code_references
        line = Path(reference.file_path).read_text().splitlines()[reference.line_number - 1]
        # The decorator of the function, or the function itself.
        assert line.startswith(("@", "def ")), spec.key


def test_tables_are_fresh_for_as_long_as_the_profile_says(definitions, tmp_path):
    profile = tmp_path / "profile.toml"
    profile.write_text('extends = "micro"\n[refresh]\nstale_after_hours = 26\n')
    with_hours = build_definitions(Home(tmp_path), str(profile))

    policies = {spec.key.to_user_string(): spec.freshness_policy for spec in with_hours.resolve_all_asset_specs()}
    assert {name for name, policy in policies.items() if policy} == TABLES_OF_ALL_BATCHES
    assert policies["warehouse"].fail_window.to_timedelta() == timedelta(hours=26)
    assert not any(spec.freshness_policy for spec in definitions.resolve_all_asset_specs())


def test_every_table_has_the_asset_of_its_name(definitions):
    names = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}

    assert {table.name for table in ALL_TABLES} <= names


def test_a_wrong_profile_stops_the_loading_with_what_is_valid(tmp_path):
    with pytest.raises(SettingsError, match="micro"):
        build_definitions(Home(tmp_path), "nothing")
