"""Calibration questions through the stages to the certificate: real sandboxes, several models as oracles."""

import json

import dagster as dg
import pytest

from acecoder_dagster.data.home import RunError
from acecoder_dagster.data.tables import FILTERED_TESTS, ORACLE_RESULTS, TEST_QUALITY
from acecoder_dagster.graph.assets import test_quality as quality_stage
from acecoder_dagster.graph.inputs import calibration, chosen, partitions_read
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.steps.oracles import check_oracle_models
from acecoder_dagster.questions.importing import ImportManifest, store_import
from tests.graph.imports import STAGES, materialize, small_project

BATCH = "calibration-000"
SETTINGS = """
[tests]
policy = "agreement"
oracle_models = ["m1", "m2", "m3"]
min_tests = 2
max_tests = 3
mutants = 4
[quality]
mutants_per_question = 4
reruns = 2
min_true_negatives = 0.9
"""
QUESTION = {
    "question_id": "q",
    "question": "Write scale(x), which doubles x.",
    "entry_point": "scale",
    "reference_program": "def scale(x):\n    return 2 * x\n",
    "tests": ["assert scale(10) == 20", "assert scale(0) == 0"],
}
GENERATED = [f"assert scale({x}) == {2 * x}" for x in range(1, 5)] + ["assert scale(5) == 11"]
BODIES = {"m1": "2 * x", "m2": "x + x", "m3": "x * 2", "right": "x << 1", "wrong": "x", "sly": "2 * x if x else 1"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("calibration")
    project = small_project(tmp_path, SETTINGS)
    files = {
        "questions": [QUESTION],
        "programs": [
            {"question_id": "q", "model": model, "sample_index": 0, "program": f"def scale(x):\n    return {body}\n"}
            for model, body in BODIES.items()
        ],
        "generated_tests": [{"question_id": "q", "model": "writer", "tests": GENERATED, "counts": [1] * 5}],
    }
    for name, lines in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    paths = {name: (str(tmp_path / f"{name}.jsonl"),) for name in files}
    store_import(project.open().home.root, ImportManifest(name="calibration", tests="both", **paths))
    with dg.DagsterInstance.ephemeral() as instance:
        register_batches(instance, [BATCH])
        stages = materialize(STAGES, project, instance, BATCH)
        result = materialize([quality_stage], project, instance, None, raise_on_error=False)
    checks = [*stages.get_asset_check_evaluations(), *result.get_asset_check_evaluations()]
    return project, {(each.asset_key.to_user_string(), each.check_name): each for each in checks}


def test_calibration_questions_measure_the_tests_and_hold_back_what_follows(measured):
    project, checks = measured
    kept = project.open().lake.read(FILTERED_TESTS)
    certificate = dict(project.open().lake.read(TEST_QUALITY).select("measure", "value").iter_rows())

    # The official tests come last and had no say; the wrong test was outvoted, the suite is small.
    assert kept["origin"].to_list() == ["writer"] * (kept.height - 2) + ["official"] * 2
    assert 2 <= kept.height - 2 <= 3
    assert "assert scale(5) == 11" not in kept["test"].to_list()
    assert project.open().lake.read(ORACLE_RESULTS)["outcomes"].list.len().to_list() == [7] * 3
    # Of the programs without a say, `wrong` fails, and `sly` is wrong where only the official tests look.
    assert certificate["true_positives"] == 1
    assert certificate["true_negatives"] == 0.5
    assert certificate["validity"] == 1
    assert certificate["flaky"] == 0
    assert certificate["mutation_kill"] > 0
    assert certificate["coverage"] == 1
    assert all(check.passed for (_, name), check in checks.items() if name == "every_row_accounted_for")
    gate = checks["test_quality", "tests_are_good_enough"]
    assert not gate.passed
    assert gate.severity == dg.AssetCheckSeverity.ERROR
    assert "true_negatives 0.500" in gate.description


def test_calibration_questions_train_nothing(measured):
    project = measured[0].open()

    assert partitions_read(project, *chosen(FILTERED_TESTS), "") == []
    (calibrating,) = partitions_read(project, *calibration(FILTERED_TESTS), "")
    assert calibrating.rows > 0


def test_oracle_models_that_an_import_has_no_program_of_are_named(tmp_path):
    project = small_project(tmp_path, SETTINGS.replace('["m1", "m2", "m3"]', '["hub/absent"]'))
    (tmp_path / "questions.jsonl").write_text(json.dumps(QUESTION) + "\n")
    program = {"question_id": "q", "model": "m1", "sample_index": 0, "program": "def scale(x):\n    return 2 * x\n"}
    (tmp_path / "programs.jsonl").write_text(json.dumps(program) + "\n")
    paths = {name: (str(tmp_path / f"{name}.jsonl"),) for name in ("questions", "programs")}
    store_import(project.open().home.root, ImportManifest(name="calibration", **paths))
    with pytest.raises(RunError, match=r"none of tests\.oracle_models = hub/absent\. It has programs of m1: name"):
        check_oracle_models(project.open(), [BATCH])
    with dg.DagsterInstance.ephemeral() as instance:
        register_batches(instance, [BATCH])
        with pytest.raises(
            dg.Failure, match=r"none of tests\.oracle_models = hub/absent\. It has programs of m1: name"
        ):
            materialize(STAGES, project, instance, BATCH)
