"""Adversarial rounds in the graph: real sandboxes, a reference, imported programs and mutants."""

import json

import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_QUALITY, TEST_RESULTS
from acecoder_dagster.data.warehouse import build_warehouse, run_query
from acecoder_dagster.graph.assets import test_quality as quality_stage
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.questions.importing import ImportManifest, store_import
from tests.graph.imports import BATCH, STAGES, materialize, program, question, small_project

SETTINGS = """
[tests]
min_tests = 2
mutants = 12
{tests}
[quality]
batches = [{calibration}]
mutants_per_question = 4
reruns = 2
"""
REFERENCE = "def scale(x):\n    if x < 7:\n        return 2 * x\n    return x + x\n"
"""No test of the import runs its last line."""

BODIES = ("2 * x", "x + x", "2 * x if x > -5 else 0")
"""The last one is right on all tests of the import, which begin at -3, and where the reference takes another branch."""

ADVERSARIAL = pl.col("origin") == "adversarial input"
BRANCHING = pl.col("origin") == "branching input"
NEW = ADVERSARIAL | BRANCHING


@pytest.fixture
def refreshed(tmp_path, instance):
    """Brings an import of two questions up to date with settings in [tests]; returns figures by stage and checks."""

    def run(tests: str, calibration: str = "") -> tuple[Project, dict[str, dict], dict[str, bool]]:
        project = small_project(tmp_path, SETTINGS.format(tests=tests, calibration=calibration))
        lines = {
            "questions": [question(n) | {"reference_program": REFERENCE} for n in range(2)],
            "programs": [program(n, body, i) for n in range(2) for i, body in enumerate(BODIES)],
            "generated_tests": [
                {"question_id": f"q{n}", "model": "w", "tests": ["assert scale(0) == 0", "assert scale(-3) == -6"]}
                for n in range(2)
            ],
        }
        for name, rows in lines.items():
            (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths = {name: (str(tmp_path / f"{name}.jsonl"),) for name in lines}
        store_import(project.open().home.root, ImportManifest(name="small", tests="both", **paths))
        register_batches(instance, [BATCH])
        result = materialize([*STAGES, quality_stage], project, instance, BATCH)
        figures = {
            event.asset_key.to_user_string(): {
                name: entry.value for name, entry in event.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
        }
        checks = {
            f"{each.asset_key.to_user_string()} {each.check_name}": each.passed
            for each in result.get_asset_check_evaluations()
        }
        return project, figures, checks

    return run


def pass_rates(project: Project) -> dict[int, float]:
    programs = project.open().lake.read(SAMPLED_PROGRAMS).select("program_id", "sample_index")
    results = project.open().lake.read(TEST_RESULTS).join(programs, on="program_id")
    return dict(results.group_by("sample_index").agg(pl.col("pass_rate").mean()).rows())


def test_tests_of_adversarial_rounds_judge_programs_and_every_input_is_accounted_for(refreshed, tmp_path):
    before, _, _ = refreshed('strengthening_rounds = 0\noracle_models = ["m"]')
    without = pass_rates(before)
    project, _, checks = refreshed('strengthening_rounds = 2\noracle_models = ["m"]')
    kept = project.open().lake.read(FILTERED_TESTS)
    results = project.open().lake.read(TEST_RESULTS)

    assert without == {0: 1.0, 1: 1.0, 2: 1.0}
    assert {index for index, rate in pass_rates(project).items() if rate < 1} == {2}
    assert kept.filter(ADVERSARIAL)["question_id"].n_unique() == 2
    assert kept.filter(BRANCHING)["question_id"].n_unique() == 2
    assert project.open().lake.current(FILTERED_TESTS, BATCH).rejected > kept.filter(NEW).height
    assert all(checks.values())
    assert (results["tests_written"] >= results["tests_kept"]).all()
    # The warehouse shows them beside the candidates.
    build_warehouse(project.open().lake, tmp_path / "w.duckdb")
    counted = run_query(
        tmp_path / "w.duckdb", "SELECT kept, candidate_position IS NULL AS added, count(*) FROM tests GROUP BY ALL"
    )
    assert (True, True, kept.filter(NEW).height) in counted.rows()
    assert counted["count_star()"].sum() == project.open().lake.read(CANDIDATE_TESTS).height + kept.filter(NEW).height


def test_the_few_tests_chosen_kill_mutants_that_only_new_tests_kill(refreshed):
    project, _, checks = refreshed("strengthening_rounds = 2\nmax_tests = 3")
    kept = project.open().lake.read(FILTERED_TESTS)

    assert kept.group_by("question_id").len()["len"].max() <= 3
    assert kept.filter(NEW)["question_id"].n_unique() == 2
    assert checks["filtered_tests every_row_accounted_for"]


def test_other_rounds_and_other_draws_are_computed_anew_and_the_same_are_not(refreshed):
    stages = [refreshed(tests)[1]["filtered_tests"] for tests in ("strengthening_rounds = 1",) * 2]
    further = refreshed("strengthening_rounds = 2")[1]["filtered_tests"]
    redrawn = refreshed("strengthening_rounds = 2\n[inputs]\nmax_argument_characters = 20")[1]["filtered_tests"]
    unasked = refreshed("strengthening_rounds = 0")[1]["filtered_tests"]
    other_inputs = refreshed("strengthening_rounds = 0\n[inputs]\nmax_argument_characters = 20")[1]["filtered_tests"]

    assert [each["reused"] for each in (*stages, further, redrawn, unasked, other_inputs)] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]


def test_the_certificate_puts_new_tests_on_trial_and_official_ones_give_no_inputs(refreshed):
    project, _, checks = refreshed("strengthening_rounds = 2", calibration=f'"{BATCH}"')
    kept = project.open().lake.read(FILTERED_TESTS)
    measured = dict(project.open().lake.read(TEST_QUALITY).select("measure", "value").iter_rows())

    assert kept.filter(NEW).height > 0
    assert kept["origin"].to_list().index("branching input") < kept["origin"].to_list().index("official")
    assert measured["validity"] == 1
    assert measured["mutation_kill"] > 0.5
    assert all(checks.values())
