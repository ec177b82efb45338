"""Tests of every kind are imported, from our own format and the public ones: checks, unittest, inputs and outputs."""

import base64
import json
import pickle
import zlib

import polars as pl
import pytest

from acecoder_dagster.files import ImportFileError, limits
from acecoder_dagster.questions.importing import read_import
from tests.questions.importing.import_helpers import candidate_tests_of, manifest

UNITTEST = """
import unittest
class Base(unittest.TestCase):
    def test_one(self):
        self.assertEqual(task_func(1), 2)
class TestCases(Base):
    def helper(self):
        return task_func(0)
    def test_two(self):
        self.assertEqual(self.helper(), 1)
"""
METHODS = ["Base.test_one", "TestCases.test_one", "TestCases.test_two"]
STDIN_TESTS = [{"input": "1 2\n", "output": "3\n"}, {"input": "é\n", "output": "É\n"}]


def question(**columns):
    return {"question_id": "q", "question": "Do it.", "entry_point": "f", **columns}


def kinds(tables) -> list[str]:
    return tables.candidate_tests["kind"].to_list()


def reasons(tables) -> list[tuple[str, str]]:
    return tables.rejected.select("reason", "evidence").rows()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_asserts_of_a_check_are_tests_of_their_own_with_what_they_need(write, ending):
    body = "    x = 1\n    assert candidate(x) == 2\n    assert candidate(0) < math.pi\n"
    check = f"import math\ndef check(candidate):\n{body}"
    tables = read_import(manifest(write(f"q.{ending}", [question(test_code=check)])))

    assert kinds(tables) == ["assert", "assert"]
    first, second = candidate_tests_of(tables, "q")
    assert first.endswith("assert f(judge_x) == 2")
    assert second.startswith("import math")
    assert tables.seeds["argument_texts"].to_list() == [["judge_x", "0"]]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_methods_of_unittest_classes_are_tests_of_their_own(write, ending):
    row = question(test_code=UNITTEST, entry_point="task_func")
    tables = read_import(manifest(write(f"q.{ending}", [row])))

    assert kinds(tables) == ["unittest"] * 3
    tests = [json.loads(test) for test in candidate_tests_of(tables, "q")]
    assert [test["method"] for test in tests] == METHODS
    assert {test["code"] for test in tests} == {UNITTEST}


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("as_text", [False, True], ids=["list", "JSON text"])
def test_inputs_and_outputs_need_no_entry_point(write, ending, as_text):
    io_tests = json.dumps(STDIN_TESTS) if as_text else STDIN_TESTS
    row = {"question_id": "q", "question": "Add.", "io_tests": io_tests}
    tables = read_import(manifest(write(f"q.{ending}", [row])))

    assert kinds(tables) == ["stdin", "stdin"]
    assert candidate_tests_of(tables, "q")[1] == '{"input": "é\\n", "output": "É\\n"}'
    assert tables.questions["entry_point"].to_list() == [""]


@pytest.mark.parametrize(
    ("io_tests", "problem"),
    [
        ([{"input": "1"}], "an object with the texts `input` and `output` is needed"),
        ([{"input": "1", "output": 1}], "an object with the texts `input` and `output` is needed"),
        ([{"input": "1", "output": "\ud800"}], "an object with the texts `input` and `output` is needed"),
        ([[]], "an object with the texts `input` and `output` is needed"),
        ([{"input": "x", "output": "1"}], "'x' is not JSON"),
        ([{"input": "1", "output": "nope"}], "'nope' is not JSON"),
        ({"inputs": []}, "a list of objects with the texts `input` and `output` is needed"),
        ("[{", "not JSON"),
    ],
)
def test_a_malformed_io_test_is_rejected_alone(write, io_tests, problem):
    good = [{"input": "1", "output": "2"}]
    rows = [
        question(io_tests=io_tests + good if isinstance(io_tests, list) else io_tests),
        question(question_id="other", io_tests=good),
    ]
    tables = read_import(manifest(write("q.jsonl", rows)))

    ((reason, evidence),) = reasons(tables)
    assert reason == "malformed_io_test"
    assert evidence.startswith("q.jsonl row 1: ")
    assert problem in evidence
    assert tables.questions["upstream_id"].to_list() == ["q", "other"]
    assert len(kinds(tables)) == (2 if isinstance(io_tests, list) else 1)


@pytest.mark.parametrize(
    ("test_code", "reason"),
    [
        ("def check(candidate)\n    assert candidate(1)", "does_not_parse"),
        ("def check(candidate):\n    candidate(1)\n", "no_assert"),
        ("def check(candidate):\n    assert True\n", "entry_point_not_called"),
    ],
)
def test_test_code_that_is_none_is_rejected_with_the_reason(write, test_code, reason):
    rows = [question(test_code=test_code), question(question_id="other", test_code="assert f(1) == 1")]
    tables = read_import(manifest(write("q.jsonl", rows)))

    assert [found for found, _ in reasons(tables)] == [reason]
    assert candidate_tests_of(tables, "other") == ["assert f(1) == 1"]


def test_tests_of_another_kind_than_the_first_are_rejected(write):
    rows = [question(test_code=UNITTEST, entry_point="task_func")]
    generated = [{"question_id": "q", "model": "m", "tests": ["assert task_func(1) == 2"]}]
    files = {"generated_tests": (write("t.jsonl", generated),), "tests": "both"}
    tables = read_import(manifest(write("q.jsonl", rows), **files))

    assert kinds(tables) == ["unittest"] * 3
    assert [reason for reason, _ in reasons(tables)] == ["another_kind_of_test"]


def test_the_entry_point_of_asserts_is_found_where_the_file_does_not_name_it(write):
    row = {"question_id": "q", "question": "?", "tests": ["assert str(twice(1)) == '2'", "assert twice(0) == 0"]}
    tables = read_import(manifest(write("q.jsonl", [row])))

    assert tables.questions["entry_point"].to_list() == ["twice"]


def test_the_entry_point_may_be_a_method(write):
    tests = ["assert Solution().twice(1) == 2", "assert Solution().other(1) == 2"]
    row = question(entry_point="Solution().twice", tests=tests)
    tables = read_import(manifest(write("q.jsonl", [row])))

    assert candidate_tests_of(tables, "q") == tests[:1]
    assert [reason for reason, _ in reasons(tables)] == ["entry_point_not_called"]


def test_a_question_with_neither_function_nor_input_is_rejected(write):
    rows = [{"question_id": "none", "question": "?", "test_code": "assert True"}, question(tests=["assert f() == 1"])]
    tables = read_import(manifest(write("q.jsonl", rows)))

    assert tables.questions["upstream_id"].to_list() == ["q"]
    assert {reason for reason, _ in reasons(tables)} == {"no_entry_point", "question_rejected"}


BIGCODEBENCH = {
    "task_id": "BigCodeBench/7",
    "complete_prompt": 'import math\n\ndef task_func(x):\n    """Add one."""',
    "instruct_prompt": "Add one.",
    "canonical_solution": "    return x + 1\n",
    "code_prompt": "import math\n\ndef task_func(x):\n",
    "test": UNITTEST,
    "entry_point": "task_func",
    "doc_struct": "{}",
    "libs": "['math']",
}


@pytest.mark.parametrize("name", ["bigcodebench.jsonl", "bigcodebench.parquet"])
def test_bigcodebench(write, name):
    tables = read_import(manifest(write(name, [BIGCODEBENCH])))

    found = tables.questions.row(0, named=True)
    assert (found["source"], found["split"], found["licence"]) == ("bigcodebench", "test", "Apache-2.0")
    assert found["reference_program"] == f"{BIGCODEBENCH['complete_prompt']}\n    return x + 1\n"
    assert [json.loads(test)["method"] for test in candidate_tests_of(tables, "BigCodeBench/7")] == METHODS


def compressed(tests: object, protocol: int = 4) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(json.dumps(tests), protocol))).decode()


def livecodebench(**columns):
    return {
        "question_title": "Sum",
        "question_content": "Print the sum.",
        "platform": "atcoder",
        "question_id": "abc1_a",
        "contest_id": "abc1",
        "contest_date": "2024-01-01T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
        "private_test_cases": compressed([{"input": "4 5\n", "output": "9\n", "testtype": "stdin"}]),
        "metadata": "{}",
    } | columns


@pytest.mark.parametrize("name", ["livecodebench.jsonl", "livecodebench.parquet"])
@pytest.mark.parametrize("protocol", [None, 2, 3, 4, 5])
def test_livecodebench_of_standard_input(write, name, protocol):
    private = [{"input": "4 5\n", "output": "9\n", "testtype": "stdin"}, {"input": "x" * 70_000, "output": "0"}]
    text = json.dumps(private) if protocol is None else compressed(private, protocol)
    tables = read_import(manifest(write(name, [livecodebench(private_test_cases=text)])))

    found = tables.questions.row(0, named=True)
    assert (found["source"], found["split"], found["entry_point"]) == ("livecodebench", "test", "")
    assert found["question"].startswith("Print the sum.\n\nRead the input from standard input")
    assert kinds(tables) == ["stdin"] * 3
    assert [json.loads(test)["output"] for test in candidate_tests_of(tables, "abc1_a")] == ["3\n", "9\n", "0"]


def test_livecodebench_of_function_calls(write):
    row = livecodebench(
        starter_code="class Solution:\n    def add(self, a: int, b: int) -> int:\n        ",
        public_test_cases=json.dumps([{"input": "1\n2", "output": "3", "testtype": "functional"}]),
        private_test_cases=compressed([]),
        metadata='{"func_name": "add"}',
    )
    tables = read_import(manifest(write("livecodebench.jsonl", [row])))

    assert tables.questions["entry_point"].to_list() == ["add"]
    assert "class Solution:" in tables.questions["question"][0]
    assert kinds(tables) == ["call"]


class Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


@pytest.mark.parametrize(
    ("private", "problem"),
    [
        (base64.b64encode(zlib.compress(pickle.dumps(Harmful()))).decode(), "the pickle holds more than a text"),
        (base64.b64encode(zlib.compress(pickle.dumps(("a", "b")))).decode(), "the pickle holds more than a text"),
        (base64.b64encode(b"no zlib").decode(), "incorrect header check"),
        (base64.b64encode(zlib.compress(b"no pickle")).decode(), "private_test_cases: neither JSON nor compressed"),
        (compressed([])[:-8], "neither JSON nor compressed JSON"),
        ("not base64!", "no base64"),
        ("{}", "no list"),
    ],
)
def test_private_tests_that_cannot_be_read_cost_no_others_and_execute_nothing(write, private, problem):
    tables = read_import(manifest(write("livecodebench.jsonl", [livecodebench(private_test_cases=private)])))

    ((reason, evidence),) = reasons(tables)
    assert reason == "malformed_io_test"
    assert problem in evidence
    assert kinds(tables) == ["stdin"]


def test_private_tests_that_unpack_to_far_more_than_their_size_are_refused(write, monkeypatch):
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 500_000)
    private = compressed([{"input": "x" * 300_000, "output": "0"}])
    rows = [livecodebench(question_id=name, private_test_cases=private) for name in "abc"]
    assert kinds(read_import(manifest(write("few.jsonl", rows[:1])))) == ["stdin"] * 2
    with pytest.raises(ImportFileError, match=r"many.jsonl, row 2, column private_test_cases: it unpacks to more than"):
        read_import(manifest(write("many.jsonl", rows)))


@pytest.mark.parametrize("metadata", ["{", "[]", '{"func_name": 3}'])
def test_a_livecodebench_question_whose_metadata_is_broken_is_rejected(write, metadata):
    rows = [livecodebench(), livecodebench(question_id="abc1_b", metadata=metadata)]
    tables = read_import(manifest(write("livecodebench.jsonl", rows)))

    assert tables.questions["upstream_id"].to_list() == ["abc1_a"]
    rejected = tables.rejected.filter(row_kind="question")
    assert rejected["reason"].to_list() == ["no_entry_point"]
    assert tables.rejected.filter(pl.col("row_kind") == "test")["reason"].unique().to_list() == ["question_rejected"]


def test_a_file_without_tests_columns_of_a_known_format_names_what_is_missing(write):
    row = {"task_id": "BigCodeBench/7", "complete_prompt": "?", "test": UNITTEST, "entry_point": "task_func"}
    with pytest.raises(ImportFileError, match="BigCodeBench lacks canonical_solution"):
        read_import(manifest(write("q.jsonl", [row])))
