"""Collected seeds through the graph: questions by docstring and by a model behind an endpoint."""

import json

import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, FILTERED_TESTS, QUESTIONS, SEED_FUNCTIONS, WRITER_ANSWERS
from acecoder_dagster.data.warehouse import build_warehouse, run_query
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.refresh.planning import plan_refresh
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.questions.seeding import SeedManifest, store_seeds
from tests.graph import imports
from tests.graph.imports import SYNTHESIS
from tests.questions.writing.endpoint.fake_endpoint import FakeEndpoint

BATCH = "mine-000"
CODE = '''
def shout(text: str) -> str:
    """Return the text in capitals with an exclamation mark behind it."""
    return text.upper() + "!"

def runs(values: list[int]) -> int:
    """Return the length of the longest run of equal neighbours."""
    best = current = 0
    for before, value in zip([None, *values], values):
        current = current + 1 if value == before else 1
        best = max(best, current)
    return best

def undocumented(a, b, c):
    return [a, b, c]
'''
WRITTEN = {
    "question": "Double a number.",
    "signature": "double(n: int) -> int",
    "tests": [
        "assert double(2) == 4",
        "assert double(2)  ==  4, 'two'",
        "assert double(3) == 6",
        "assert double(5) == 10",
        "assert double(5) == 11",
        "assert triple(1) == 3",
        "assert double(open('x').read()) == 2",
        "not python (",
    ],
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text(CODE)
    return tmp_path


def project_of(folder, profile):
    (folder / "profile.toml").write_text(
        f'extends = "micro"\n[sandbox]\nlauncher = "bubblewrap"\nworkers = 1\n{profile}'
    )
    project = Project(root=str(folder / "home"), profile=str(folder / "profile.toml"))
    store_seeds(project.open().home.root, SeedManifest(name="mine", code=(str(folder / "code"),), licence="MIT"))
    return project


def materialize(project, instance, raise_on_error=True):
    register_batches(instance, [BATCH])
    return imports.materialize(SYNTHESIS, project, instance, BATCH, raise_on_error=raise_on_error)


def reasons(project, table):
    partition = project.open().lake.current(table, BATCH)
    return sorted(pl.read_parquet(partition.rejected_file)["reason"])


def checks_of(result):
    return {
        c.asset_key.to_user_string(): c.passed
        for c in result.get_asset_check_evaluations()
        if "every_row" in c.check_name
    }


def test_documented_functions_become_questions_with_tests_from_execution(folder, instance):
    project = project_of(folder, "[tests]\nmin_tests = 8\n")

    result = materialize(project, instance)

    assert set(checks_of(result).values()) == {True}
    assert sorted(project.open().lake.read(QUESTIONS)["entry_point"]) == ["runs", "shout"]
    assert reasons(project, QUESTIONS) == ["no_docstring"]
    tests = project.open().lake.read(FILTERED_TESTS)
    assert (tests.group_by("question_id").len()["len"] >= 8).all()
    namespace: dict[str, object] = {}
    exec(CODE, namespace)
    for test in tests["test"]:
        exec(test, namespace)


def test_the_plan_of_collected_seeds_says_what_is_asked_and_of_finished_ones_nothing(folder, instance, endpoint):
    project = project_of(folder, endpoint_profile(endpoint))
    before = {stage.stage: stage for stage in plan_refresh(project.open(), [BATCH])}
    materialize(project, instance)
    after = {stage.stage for stage in plan_refresh(project.open(), [BATCH])}

    assert (before["writer_answers"].model_calls, before["candidate_tests"].programs) == (3, 0)
    assert not after & {stage.name for stage in SYNTHESIS}


def test_seeds_from_a_benchmark_are_rejected_with_the_evidence(folder, instance):
    benchmark = {"question_id": "B/1", "question": "Longest run?", "entry_point": "f", "tests": ["assert f([1]) == 1"]}
    benchmark["reference_program"] = CODE.split("\n\n")[1].replace("runs", "f").replace("values", "xs")
    (folder / "benchmark.jsonl").write_text(json.dumps(benchmark) + "\n")
    project = project_of(folder, f'[decontamination]\nbenchmarks = ["{folder}/benchmark.jsonl"]\nexecution = false\n')

    result = materialize(project, instance)

    assert set(checks_of(result).values()) == {True}
    assert sorted(project.open().lake.read(SEED_FUNCTIONS)["entry_point"]) == ["shout", "undocumented"]
    assert reasons(project, SEED_FUNCTIONS) == ["contaminated_code"]


@pytest.fixture
def endpoint():
    def behave(content, attempt):
        if "def shout" in content:
            return 200, f"Sure, here it is:\n```json\n{json.dumps(WRITTEN)}\n```"
        if "def runs" in content:
            return (429, "slow down") if attempt == 1 else (200, "I would rather not.")
        return 400, "too long"

    with FakeEndpoint(behave) as opened:
        yield opened


def endpoint_profile(endpoint, **values):
    settings = {"base_url": f'"{endpoint.base_url}"', "model": '"fake"', "price_per_million_prompt_tokens": 10} | values
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    return (
        f'[questions]\nwriter = "endpoint"\n[questions.endpoint]\n{lines}\n[tests]\npolicy = "trusted"\nmin_tests = 1\n'
    )


def test_a_model_behind_an_endpoint_writes_questions_and_every_reject_is_explained(folder, instance, endpoint):
    project = project_of(folder, endpoint_profile(endpoint))

    result = materialize(project, instance)

    assert set(checks_of(result).values()) == {True}
    paid = project.open().lake.current(WRITER_ANSWERS, BATCH).figures
    assert (paid["model_calls"], paid["prompt_tokens"], paid["completion_tokens"]) == (3, 200, 100)
    (question,) = project.open().lake.read(QUESTIONS).to_dicts()
    assert question["question"].endswith("Write it as `def double(n: int) -> int`.")
    assert (question["entry_point"], question["writer"], question["licence"]) == ("double", "fake", "MIT")
    assert reasons(project, QUESTIONS) == ["no_answer", "no_json_object"]
    assert project.open().lake.read(CANDIDATE_TESTS)["test"].to_list() == [
        "assert double(2) == 4",
        "assert double(3) == 6",
    ]
    assert reasons(project, CANDIDATE_TESTS) == [
        "contradicts_another",
        "contradicts_another",
        "does_not_parse",
        "duplicate",
        "entry_point_not_called",
        "reaches_outside",
    ]


def test_what_was_paid_is_in_sql_and_paid_once(folder, instance, endpoint):
    project = project_of(folder, endpoint_profile(endpoint))
    materialize(project, instance)
    project_of(folder, endpoint_profile(endpoint, price_per_million_completion_tokens=4))
    project.open().lake.write(WRITER_ANSWERS, BATCH, WRITER_ANSWERS.empty(), content_key="lost")

    materialize(project, instance)
    build_warehouse(project.open().lake, project.open().home.warehouse)

    cost = run_query(project.open().home.warehouse, "writer_cost").row(0, named=True)
    assert set(endpoint.paid.values()) == {1}
    assert len(endpoint.paid) == 2
    assert (cost["requests"], cost["answered"], cost["questions"], cost["prompt_tokens"]) == (3, 2, 1, 200)
    assert cost["cost"] == pytest.approx(200 * 10e-6 + 100 * 4e-6)


def test_an_endpoint_that_answers_nothing_fails_the_stage_with_what_to_do(folder, instance):
    with FakeEndpoint(lambda *_: (500, "oops")) as endpoint:
        project = project_of(folder, endpoint_profile(endpoint, retries=0))

        result = materialize(project, instance, raise_on_error=False)

    (failure,) = result.get_step_failure_events()
    assert failure.step_key == "writer_answers"
    assert "run again to ask what is missing" in failure.step_failure_data.user_failure_data.description
