import dagster as dg
import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, FILTERED_TESTS, QUESTIONS
from acecoder_dagster.graph.assets import filtered_tests, imported_files, seed_functions
from acecoder_dagster.graph.building import build_assets
from acecoder_dagster.graph.partitions import register_batches
from tests.graph import imports
from tests.graph.imports import SYNTHESIS

BATCH = "procedural-000"


def materialize(stages, project, instance, batch=BATCH, raise_on_error=True):
    register_batches(instance, [batch])
    return imports.materialize(stages, project, instance, batch, raise_on_error=raise_on_error)


def figures(result, asset):
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key == dg.AssetKey(asset)]
    return {name: entry.value for name, entry in event.materialization.metadata.items()}


def test_questions_get_tests_by_running_their_reference_program_in_the_sandbox(project, instance):
    result = materialize(SYNTHESIS, project, instance)

    assert result.success
    tests = project.open().lake.read(FILTERED_TESTS)
    assert tests["question_id"].n_unique() == project.open().lake.read(QUESTIONS).height == 12
    example = project.open().lake.read(QUESTIONS).row(0, named=True)
    of_example = tests.filter(pl.col("question_id") == example["question_id"])["test"]
    namespace: dict[str, object] = {}
    exec(example["reference_program"], namespace)
    for test in of_example:
        exec(test, namespace)


def test_what_is_up_to_date_is_not_computed_again(project, instance):
    materialize(SYNTHESIS, project, instance)
    files = [partition.rows_file for partition in project.open().lake.partitions(CANDIDATE_TESTS)]

    again = materialize(SYNTHESIS, project, instance)

    assert figures(again, "candidate_tests")["reused"] is True
    assert [partition.rows_file for partition in project.open().lake.partitions(CANDIDATE_TESTS)] == files


def test_a_changed_setting_recomputes_only_what_depends_on_it(project, instance, tmp_path):
    materialize(SYNTHESIS, project, instance)
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[tests]\nmin_tests = 2\n")

    again = materialize(SYNTHESIS, project, instance)

    assert figures(again, "candidate_tests")["reused"] is True
    assert figures(again, "filtered_tests")["reused"] is False
    assert figures(again, "filtered_tests")["settings"]["tests"]["min_tests"] == 2


def test_every_candidate_test_is_kept_or_rejected_and_the_check_says_so(project, instance):
    result = materialize(SYNTHESIS, project, instance)

    checks = {(c.asset_key.to_user_string(), c.check_name): c.passed for c in result.get_asset_check_evaluations()}
    assert checks["filtered_tests", "every_row_accounted_for"]
    assert checks["seed_functions", "held_out_compositions_are_new"]
    assert checks["questions", "held_out_questions_are_new"]
    assert checks["filtered_tests", "some_tests_are_kept"]


def test_a_stage_without_its_input_says_what_to_materialize_first(project, instance):
    result = materialize([filtered_tests], project, instance, raise_on_error=False)

    (failure,) = result.get_step_failure_events()
    assert "materialize it first" in failure.step_failure_data.user_failure_data.description


def test_a_check_that_finds_nothing_kept_stops_what_follows(project, instance, tmp_path):
    profile = tmp_path / "tiny.toml"
    profile.write_text(profile.read_text() + "[tests]\nmin_tests = 50\n")

    result = materialize(SYNTHESIS, project, instance, raise_on_error=False)

    assert not result.success
    failed = [c.check_name for c in result.get_asset_check_evaluations() if not c.passed]
    assert failed == ["some_tests_are_kept"]


def test_an_edited_profile_with_a_wrong_key_fails_the_step_with_the_valid_keys(project, instance, tmp_path):
    assets = build_assets([seed_functions], project.open().settings)
    register_batches(instance, [BATCH])
    (tmp_path / "tiny.toml").write_text('extends = "micro"\nsede = 3\n')

    result = dg.materialize(
        assets, partition_key=BATCH, instance=instance, resources={"project": project}, raise_on_error=False
    )

    (failure,) = result.get_step_failure_events()
    assert "valid keys here are seed" in failure.step_failure_data.user_failure_data.description


@pytest.mark.parametrize("batch", ["nothing-000", "procedural-x"])
def test_a_batch_from_nowhere_is_an_error_that_names_it(project, instance, batch):
    result = materialize([imported_files, seed_functions], project, instance, batch, raise_on_error=False)

    (failure,) = result.get_step_failure_events()
    assert batch in failure.step_failure_data.error_display_string
