"""Passes that are not sealed go through the graph: stored as the judge gave them, and counted as the setting says."""

import dagster as dg
import polars as pl
import pytest

from acecoder_dagster.data import tests_as_rows
from acecoder_dagster.data.tables import ALL_TABLES, FILTERED_TESTS, PREFERENCE_PAIRS, QUESTIONS, TEST_RESULTS
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.judge import Judge
from acecoder_dagster.learning.workers.rewards import judge_by_question
from tests.graph.imports import bring, materialize, small_project

BATCH = "small-000"
SETTINGS = """
[tests]
min_tests = 1
unsealed_passes = "{}"
"""
GREETS = """
import unittest
from unittest.mock import patch
class Greets(unittest.TestCase):
    @patch("builtins.print")
    def test_says_hello(self, fake):
        greet("you")
        fake.assert_called_once_with("hello you")
"""
RIGHT = {
    "greet": "def greet(whom):\n    print(f'hello {whom}')\n",
    "double": "def double(x):\n    return 2 * x\n",
}
WRONG = {"greet": "def greet(whom):\n    print(whom)\n", "double": "def double(x):\n    return x\n"}
QUESTIONS_ASKED = [
    {"question_id": "greet", "question": "Greet.", "entry_point": "greet", "test_code": GREETS},
    {"question_id": "double", "question": "Double.", "entry_point": "double", "tests": ["assert double(2) == 4"]},
]
NAMES = [stage.name for stage in STAGES]
DATA_STAGES = [
    stage
    for stage in STAGES[: NAMES.index("preference_pairs") + 1]
    if stage.name not in {"base_policy", "test_quality"}
]


class Projects:
    """One project folder, and what the graph made of it under each value of the setting, one after the other."""

    def __init__(self, folder) -> None:
        questions = [{**row, "reference_program": RIGHT[row["question_id"]]} for row in QUESTIONS_ASKED]
        programs = [
            {"question_id": name, "model": "m", "sample_index": index, "program": written[name]}
            for index, written in enumerate((RIGHT, WRONG))
            for name in RIGHT
        ]
        self.written: dict[str, dict[str, str]] = {}
        self.pairs: dict[str, pl.DataFrame] = {}
        self.rates: dict[str, dict[str, list[float]]] = {}
        with dg.DagsterInstance.ephemeral() as instance:
            register_batches(instance, [BATCH])
            for setting in ("refuse", "count"):
                self.project = small_project(folder, SETTINGS.format(setting))
                bring(self.project, folder, questions, programs)
                assert materialize(DATA_STAGES, self.project, instance, BATCH).success
                self._look(setting, self.project)

    def _look(self, setting: str, project: Project) -> None:
        opened = project.open()
        lake = opened.lake
        names = dict(lake.read(QUESTIONS).select("question_id", "upstream_id").iter_rows())
        self.pairs[setting] = lake.read(PREFERENCE_PAIRS).with_columns(pl.col("question_id").replace(names))
        self.written[setting] = {
            table.name: part.content_key for table in ALL_TABLES for part in lake.partitions(table)
        }
        rates = run_query(opened.home.warehouse, "SELECT question_id, pass_rate FROM pass_rates ORDER BY ALL")
        self.rates[setting] = {
            names[question]: of_question["pass_rate"].to_list()
            for (question,), of_question in rates.group_by("question_id")
        }


@pytest.fixture(scope="module")
def projects(tmp_path_factory) -> Projects:
    return Projects(tmp_path_factory.mktemp("seals"))


def test_by_default_a_pass_that_is_not_sealed_makes_no_pair_and_where_it_counts_it_does(projects):
    assert projects.pairs["refuse"]["question_id"].to_list() == ["double"]
    assert sorted(projects.pairs["count"]["question_id"]) == ["double", "greet"]
    unsealed = projects.pairs["count"].select("question_id", "passes", "passed_unsealed").sort("question_id")
    assert unsealed.rows() == [("double", 1, 0), ("greet", 1, 1)]


def test_pass_rates_in_sql_follow_the_setting_and_verdicts_stay_what_the_judge_said(projects):
    assert projects.rates == {
        "refuse": {"double": [0.0, 1.0], "greet": [0.0, 0.0]},
        "count": {"double": [0.0, 1.0], "greet": [0.0, 1.0]},
    }
    judged = projects.project.open().lake.read(TEST_RESULTS)
    assert judged["tests_passed"].sort().to_list() == [0, 0, 1, 1]


def test_no_program_is_judged_again_when_the_setting_changes(projects):
    before, after = projects.written["refuse"], projects.written["count"]

    assert {name for name in before if before[name] != after[name]} == {"acecode_dataset", "preference_pairs"}


@pytest.mark.parametrize(("setting", "reward"), [("refuse", 0.0), ("count", 1.0)])
def test_by_default_a_pass_that_is_not_sealed_earns_no_reward_and_where_it_counts_it_does(projects, setting, reward):
    opened = projects.project.open()
    questions = opened.lake.read(QUESTIONS)
    rows = questions.join(tests_as_rows.tests_by_question(opened.lake.read(FILTERED_TESTS)), on="question_id")
    asked = [(question, RIGHT[name]) for question, name in questions.select("question_id", "upstream_id").iter_rows()]

    with Judge(opened.settings.sandbox) as judge:
        judged = dict(judge_by_question(judge, rows, setting)(asked))

    names = dict(questions.select("question_id", "upstream_id").iter_rows())
    found = {names[question]: judgement for (question, _), judgement in judged.items()}
    assert {name: judgement.pass_rate for name, judgement in found.items()} == {"double": 1.0, "greet": reward}
    assert {name: judgement.sealed for name, judgement in found.items()} == {"double": (True,), "greet": (False,)}
