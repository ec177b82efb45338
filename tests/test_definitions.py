"""The graph as Dagster sees it; a change of it shows in the snapshot's diff (pytest --snapshot-update)."""

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.tables import ALL_TABLES
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.settings import SettingsError


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


def test_every_table_has_the_asset_of_its_name(definitions):
    names = {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}

    assert {table.name for table in ALL_TABLES} <= names


def test_a_wrong_profile_stops_the_loading_with_what_is_valid(tmp_path):
    with pytest.raises(SettingsError, match="micro"):
        build_definitions(Home(tmp_path), "nothing")
