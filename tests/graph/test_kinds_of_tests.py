"""Questions with every kind of test go through the graph, and the graph says what `acecoder judge` says of them."""

import json
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from acecoder_dagster.data.tables import (
    ACECODE_DATASET,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    REJECTED_ROWS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.judge import Judge
from acecoder_dagster.judge.files import judge_files
from acecoder_dagster.learning.workers.rewards import judge_by_question
from acecoder_dagster.questions.importing import ImportManifest, store_import
from tests.graph.imports import materialize

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[tests]
min_tests = 1
[pairs]
rule = "ours"
[sandbox]
launcher = "bubblewrap"
workers = 1
"""
NAMES = [stage.name for stage in STAGES]
DATA_STAGES = [
    stage
    for stage in STAGES[: NAMES.index("preference_pairs") + 1]
    if stage.name not in {"base_policy", "test_quality"}
]
HALF = "def half(x):\n    return x / 2\n"
CHECK = """
from math import isclose
def check(candidate):
    small = 1
    assert isclose(candidate(small), 0.5)
    assert candidate(4) == 3, 'wrong'
    assert candidate(-2) == -1
"""
STACK = """
class Stack:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x)
    def pop(self): return self.items.pop()
"""
UNITTEST = """
import unittest
class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()
    def test_empty(self):
        with self.assertRaises(IndexError):
            self.stack.pop()
    def test_is_wrong(self):
        self.assertEqual(self.stack.items, [1])
    def test_last_in_first_out(self):
        self.stack.push(1)
        self.stack.push(2)
        self.assertEqual(self.stack.pop(), 2)
"""
SUM = "import sys\nprint(sum(map(int, sys.stdin.read().split())))\n"
JOIN = "class Solution:\n    def join(self, words, by):\n        return by.join(words)\n"
GOOD = {
    "asserts": {"tests": ["assert half(2) == 1", "assert half(3) == 1.5"], "reference_program": HALF},
    "check": {"test_code": CHECK, "entry_point": "half", "reference_program": HALF},
    "loop": {
        "test_code": "def check(f):\n    for n in range(3):\n        assert f(2 * n) == n\n",
        "entry_point": "half",
        "reference_program": HALF,
    },
    "unittest": {"test_code": UNITTEST, "entry_point": "Stack", "reference_program": STACK},
    "stdin": {
        "io_tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "4", "output": "5"}, {"input": "7", "output": "7"}],
        "reference_program": SUM,
    },
    "call": {
        "io_tests": [{"input": '["a", "b"]\n"-"', "output": '"a-b"'}, {"input": '[]\n"-"', "output": '""'}],
        "entry_point": "join",
        "reference_program": JOIN,
    },
}
WRONG = {
    "asserts": "def half(x):\n    return x // 2\n",
    "check": "def half(x):\n    return abs(x) / 2\n",
    "loop": "def half(x):\n    while x: pass\n    return 0\n",
    "unittest": STACK.replace(".pop()", ".pop(0)"),
    "stdin": "print(input())\n",
    "call": JOIN.replace("return", "return by +"),
}
OUTCOMES_OF_WRONG = {
    "asserts": ["passed", "failed"],
    "check": ["passed", "failed"],
    "loop": ["cpu_timeout"],
    "unittest": ["passed", "failed"],
    "stdin": ["failed", "passed"],
    "call": ["failed", "failed"],
}
KINDS = {
    "asserts": "assert",
    "check": "assert",
    "loop": "assert",
    "unittest": "unittest",
    "stdin": "stdin",
    "call": "call",
}
BAD = [
    {
        "question_id": "broken code",
        "question": "?",
        "entry_point": "f",
        "test_code": "def check(candidate)\n    assert 1",
    },
    {"question_id": "odd io", "question": "?", "io_tests": [{"input": "1"}, {"input": "1", "output": "1"}]},
]


class Imported:
    """Files of questions and programs, and the project folder they went through."""

    def __init__(self, folder: Path) -> None:
        question_rows = [{"question_id": name, "question": f"Ask {name}.", **GOOD[name]} for name in GOOD]
        program_rows = [
            {"question_id": name, "program_id": f"{name} {answer}", "model": answer, "program": program}
            for name in GOOD
            for answer, program in {"right": GOOD[name]["reference_program"], "wrong": WRONG[name]}.items()
        ]
        for file, rows in {"questions": question_rows, "programs": program_rows, "bad": BAD}.items():
            (folder / f"{file}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (folder / "profile.toml").write_text(PROFILE)
        self.folder = folder
        self.project = Project(root=str(folder / "home"), profile=str(folder / "profile.toml"))

    def files(self, *names: str) -> tuple[str, ...]:
        return tuple(str(self.folder / f"{name}.jsonl") for name in names)

    def verdicts(self) -> dict[str, dict]:
        """What the graph says of each program, by the ids of the files."""
        verdicts = run_query(
            self.project.open().home.warehouse,
            "SELECT upstream_id, verdict, outcomes, sealed, pass_rate FROM verdicts JOIN programs USING (program_id)",
        )
        return {row["upstream_id"]: row for row in verdicts.to_dicts()}


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Imported:
    made = Imported(tmp_path_factory.mktemp("kinds"))
    manifest = ImportManifest(
        name="kinds", questions=made.files("questions", "bad"), programs=made.files("programs"), test_share=0
    )
    stored = store_import(made.project.open().home.root, manifest)
    with dg.DagsterInstance.ephemeral() as instance:
        register_batches(instance, list(stored.batches))
        done = materialize(DATA_STAGES, made.project, instance, "kinds-000")
    assert done.success
    return made


def test_every_program_has_the_verdict_that_the_judge_gives_on_the_same_files(imported):
    out = imported.folder / "verdicts.jsonl"
    judge_files(*imported.files("questions", "programs"), out, imported.project.open().settings.sandbox)
    kept = run_query(
        imported.project.open().home.warehouse, "SELECT question_id, candidate_position FROM tests WHERE kept"
    )
    upstream = dict(imported.project.open().lake.read(QUESTIONS).select("upstream_id", "question_id").iter_rows())
    of_graph = imported.verdicts()

    judged = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(judged) == len(of_graph) == 2 * len(GOOD)
    for row in judged:
        positions = kept.filter(question_id=upstream[row["question_id"]])["candidate_position"].sort()
        expected = {name: [row[name][position] for position in positions] for name in ("outcomes", "sealed")}
        graph = of_graph[row["program_id"]]
        assert {name: graph[name] for name in expected} == expected, row["program_id"]


def test_right_programs_pass_what_is_kept_and_wrong_ones_fail_what_they_should(imported):
    verdicts = imported.verdicts()

    assert {name: verdicts[f"{name} right"]["pass_rate"] for name in GOOD} == dict.fromkeys(GOOD, 1.0)
    assert {name: verdicts[f"{name} wrong"]["outcomes"] for name in GOOD} == OUTCOMES_OF_WRONG


def test_every_test_is_a_row_with_its_kind_and_the_oracle_rejects_single_ones(imported):
    tests = run_query(
        imported.project.open().home.warehouse,
        """SELECT upstream_id, kind, test, kept FROM tests JOIN questions USING (question_id)
           ORDER BY upstream_id, candidate_position""",
    )
    kinds = dict(tests.group_by("upstream_id").agg(pl.col("kind").unique().sort()).iter_rows())
    assert kinds == {name: [kind] for name, kind in KINDS.items()} | {"odd io": ["stdin"]}
    rejected = {(row["upstream_id"], row["test"]) for row in tests.to_dicts() if not row["kept"]}
    assert {name for name, _ in rejected} == {"check", "unittest", "stdin", "odd io"}
    methods = tests.filter(upstream_id="unittest")["test"].str.json_path_match("$.method").to_list()
    assert methods == ["TestStack.test_empty", "TestStack.test_is_wrong", "TestStack.test_last_in_first_out"]
    assert ("stdin", '{"input": "4", "output": "5"}') in rejected


def test_malformed_tests_are_rejected_with_the_reason_and_cost_no_others(imported):
    all_rejected = run_query(
        imported.project.open().home.warehouse, "SELECT stage, reason, evidence FROM rejected_rows"
    )
    rejected = all_rejected.filter(stage="candidate_tests").sort("reason").to_dicts()

    assert [row["reason"] for row in rejected] == ["does_not_parse", "malformed_io_test"]
    assert "bad.jsonl row 1" in rejected[0]["evidence"]
    assert "bad.jsonl row 2: an object with the texts `input` and `output` is needed" in rejected[1]["evidence"]
    assert imported.project.open().lake.read(QUESTIONS)["upstream_id"].to_list() == [*GOOD, "broken code", "odd io"]


def test_pairs_are_built_whatever_the_kind_of_test(imported):
    paired = imported.project.open().lake.read(PREFERENCE_PAIRS)["question_id"].unique()
    upstream = dict(imported.project.open().lake.read(QUESTIONS).select("question_id", "upstream_id").iter_rows())

    assert {upstream[question] for question in paired} >= {"loop", "call"}


def test_rollouts_are_rewarded_by_tests_of_every_kind(imported):
    lake = imported.project.open().lake
    kept = lake.read(FILTERED_TESTS).sort("position").group_by("question_id")
    tests = kept.agg(pl.col("kind").first(), tests="test", official=pl.col("origin") == "official")
    rows = lake.read(QUESTIONS).join(tests, on="question_id")
    upstream = dict(rows.select("upstream_id", "question_id").iter_rows())

    with Judge(imported.project.open().settings.sandbox) as judge:
        judged = judge_by_question(judge, rows)([(upstream[name], WRONG[name]) for name in GOOD])
        rates = {question_id: judgement.pass_rate for (question_id, _), judgement in judged}

    assert rates == {upstream[name]: out.count("passed") / len(out) for name, out in OUTCOMES_OF_WRONG.items()}


def test_the_published_schema_holds_questions_with_asserts_and_rejects_the_others(imported):
    lake = imported.project.open().lake
    (partition,) = lake.partitions(ACECODE_DATASET)
    rejected = pl.read_parquet(partition.rejected_file)
    upstream = dict(lake.read(QUESTIONS).select("question_id", "upstream_id").iter_rows())

    assert {name.partition("_")[2] for name in lake.read(ACECODE_DATASET)["id"]} == {"asserts", "check", "loop"}
    assert {upstream[row] for row in rejected["row_id"]} == {"unittest", "stdin", "call"}
    assert rejected["reason"].unique().to_list() == ["tests_not_asserts"]


def test_every_candidate_is_kept_or_rejected(imported):
    lake = imported.project.open().lake
    (partition,) = lake.partitions(FILTERED_TESTS)

    assert partition.rows + partition.rejected == lake.read(CANDIDATE_TESTS).height
    assert pl.read_parquet(partition.rejected_file).schema == REJECTED_ROWS.schema
    assert lake.read(TEST_RESULTS)["tests_kept"].sum() == 2 * (2 + 2 + 1 + 2 + 2 + 2)
