"""Every format is recognised and becomes the same tables."""

import json
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.importing import read_import
from tests.questions.importing.import_helpers import candidate_tests_of, manifest


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "jsonl.gz", "json"])
def test_own_format_gives_the_same_tables_from_every_kind_of_file(ending, write, question_rows, program_rows):
    questions = write(f"questions.{ending}", question_rows)
    tables = read_import(manifest(questions, programs=(write(f"programs.{ending}", program_rows),)))

    question = tables.questions.row(0, named=True)
    assert question | {"seed_id": ""} == {
        "question_id": text_id("made", "Q/add", "Add two numbers.", "add"),
        "seed_id": "",
        "source": "made",
        "upstream_id": "Q/add",
        "split": "train",
        "licence": "MIT",
        "question": "Add two numbers.",
        "entry_point": "add",
        "setup_code": "",
        "reference_program": "def add(a, b):\n    return a + b\n",
        "writer": "imported",
    }
    seed = tables.seeds.row(0, named=True)
    assert seed["seed_id"] == question["seed_id"] == text_id("made", "Q/add", question["reference_program"])
    assert seed["argument_texts"] == ["1, 2", "0, b=0"]
    assert seed["upstream_revision"].startswith("sha256:")
    assert candidate_tests_of(tables, "Q/add") == ["assert add(1, 2) == 3", "assert add(0, b=0) == 0"]
    assert tables.candidate_tests["origin"].unique().to_list() == ["official"]
    program = tables.programs.row(1, named=True)
    assert program["program_id"] == text_id(question["question_id"], "tiny", "unknown", "1", program["program"])
    assert (program["upstream_id"], program["licence"], program["origin"]) == ("P1", "Apache-2.0", "somewhere")
    assert tables.rejected.is_empty()


def test_only_the_necessary_columns_are_needed(write):
    questions = write("mine.jsonl", [{"question_id": 7, "question": "One.", "entry_point": "one"}])
    answers = [{"question_id": 7, "model": "m", "program": f"def one(): return {n}"} for n in range(3)]
    tables = read_import(manifest(questions, programs=(write("answers.jsonl", answers),)))

    question = tables.questions.row(0, named=True)
    assert (question["source"], question["upstream_id"], question["licence"]) == ("mine", "7", "unknown")
    assert question["reference_program"] is None
    assert question["split"] in {"train", "validation", "test"}
    assert tables.programs["sample_index"].to_list() == [0, 1, 2]
    assert tables.programs["origin"].unique().to_list() == ["answers.jsonl"]
    assert tables.programs["temperature"].to_list() == [None, None, None]


def test_a_question_whose_tests_are_not_faithful_has_its_check_as_the_one_test(write, question_rows):
    check = "def check(candidate):\n    for n in range(3):\n        assert candidate(n, 1) == n + 1\n"
    question_rows[0] |= {"tests_faithful": False, "check_code": check}
    tables = read_import(manifest(write("questions.jsonl", question_rows)))
    assert candidate_tests_of(tables, "Q/add") == [f"{check}\n\ncheck(add)"]


def humaneval(test: str) -> dict[str, str]:
    return {
        "task_id": "HumanEval/1",
        "prompt": 'def twice(n):\n    """Double n."""\n',
        "canonical_solution": "    return n * 2\n",
        "test": test,
        "entry_point": "twice",
    }


def test_humaneval_checks_of_plain_asserts_become_single_tests(write):
    check = (
        "METADATA = {'author': 'x'}\n\ndef check(candidate):\n    print\n"
        "    assert candidate(1) == 2, 'first'\n    assert all(candidate(n) == n * 2 for n in [1, 2])\n"
        "    assert True\n"
    )
    tables = read_import(manifest(write("HumanEval.jsonl.gz", [humaneval(check)])))
    assert candidate_tests_of(tables, "HumanEval/1") == [
        "assert twice(1) == 2, 'first'",
        "assert all((twice(n) == n * 2 for n in [1, 2]))",
    ]
    question = tables.questions.row(0, named=True)
    assert question["reference_program"] == 'def twice(n):\n    """Double n."""\n    return n * 2\n'
    assert (question["split"], question["licence"]) == ("test", "MIT")
    assert tables.rejected["reason"].to_list() == ["entry_point_not_called"]


def test_a_humaneval_check_with_a_loop_stays_one_test(write):
    check = "def check(candidate):\n    for n in range(3):\n        assert candidate(n) == n * 2\n"
    tables = read_import(manifest(write("HumanEval.jsonl", [humaneval(check)])))
    assert candidate_tests_of(tables, "HumanEval/1") == [f"{check}\ncheck(twice)"]


@pytest.mark.parametrize(
    ("body", "first"),
    [
        ("import math\n    assert math.isclose(candidate(1), 2)", "assert judge_math.isclose(twice(1), 2)"),
        ("expected = 2\n    assert candidate(1) == expected", "assert twice(1) == judge_expected"),
        ("assert candidate(1) == helper(1)", "assert twice(1) == helper(1)"),
    ],
    ids=["import", "variable", "helper"],
)
def test_humaneval_asserts_that_need_more_take_it_along(body, first, write):
    check = f"def helper(n): return n + n\n\ndef check(candidate):\n    {body}\n    assert candidate(0) == 0\n"
    tables = read_import(manifest(write("HumanEval.jsonl", [humaneval(check)])))
    tests = candidate_tests_of(tables, "HumanEval/1")
    assert [test.rpartition("\n")[2] for test in tests] == [first, "assert twice(0) == 0"]
    assert all(test.startswith("def helper(n):") for test in tests)


MBPP = {
    "task_id": 601,
    "text": "Double a number.",
    "code": "def half(n):\r\n    return n / 2\r\ndef twice(n):\r\n    return n * 2",
    "test_list": ["assert twice(1)==2", "assert set([twice(half(4))]) == {4}"],
    "test_setup_code": "x = 1",
    "challenge_test_list": ["assert twice(10**9) == 2*10**9"],
}


def test_mbpp_full(write):
    tables = read_import(manifest(write("mbpp.jsonl", [MBPP])))
    question = tables.questions.row(0, named=True)
    assert (question["upstream_id"], question["source"], question["split"]) == ("MBPP/601", "mbpp", "train")
    assert (question["entry_point"], question["licence"], question["setup_code"]) == ("twice", "CC-BY-4.0", "x = 1")
    assert "\r" not in question["reference_program"]
    assert candidate_tests_of(tables, "MBPP/601") == MBPP["test_list"]
    assert tables.rejected.select("reason", "row_kind").row(0) == ("challenge_test", "test")


@pytest.mark.parametrize(("task_id", "split"), [(11, "test"), (510, "test"), (600, "validation"), (974, "train")])
def test_mbpp_keeps_its_published_splits(task_id, split, write):
    tables = read_import(manifest(write("mbpp.jsonl", [MBPP | {"task_id": task_id}])))
    assert tables.questions["split"].to_list() == [split]


def test_mbpp_sanitized_lies_beside_the_full_data_set(write):
    sanitized = {name: MBPP[name] for name in ("task_id", "code", "test_list")} | {
        "prompt": "Write a function that doubles a number.",
        "test_imports": ["import math", "import re"],
    }
    files = (write("mbpp.jsonl", [MBPP]), write("sanitized-mbpp.json", [sanitized]))
    tables = read_import(manifest(*files))
    assert tables.questions["upstream_id"].to_list() == ["MBPP/601", "MBPPs/601"]
    assert tables.questions["setup_code"].to_list() == ["x = 1", "import math\nimport re"]


ACECODE = {
    "id": "oss_1",
    "source": "oss",
    "question": "Write `twice(n)`.",
    "test_cases": ["assert twice(1) == 2", "assert is_even(twice(3))", "assert sorted([twice(2)]) == [4]"],
    "inferences": [
        {"pass_rate": 1.0, "model_name": "m", "completion_id": 0, "completion": "def twice(n):\n    return n * 2\n```"},
        {"model_name": "m", "completion_id": 1, "completion": "python\ndef twice(n):\n    return n", "pass_rate": 0.0},
        {
            "model_name": "m",
            "completion_id": 2,
            "completion": "Sure:\n```python\ndef twice(n):\n    return 2\n```\nUse it so:\n```python\ntwice(1)\n```",
            "pass_rate": 0.3,
        },
        {"model_name": "m", "completion_id": 3, "completion": "I cannot.", "pass_rate": 0.0},
        {"model_name": "m", "completion_id": 4, "completion": "def twice(n:\n```\nSo it is.", "pass_rate": 0.0},
    ],
    "context_messages": [[{"content": "Write `twice(n)`.", "role": "user"}]],
}


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_acecode_87k_gives_questions_tests_and_programs(ending, write):
    tables = read_import(manifest(write(f"train.{ending}", [ACECODE])))
    question = tables.questions.row(0, named=True)
    assert (question["upstream_id"], question["source"], question["entry_point"]) == ("oss_1", "oss", "twice")
    assert candidate_tests_of(tables, "oss_1") == ACECODE["test_cases"]
    assert tables.programs["program"].to_list() == [
        "def twice(n):\n    return n * 2",
        "def twice(n):\n    return n",
        "def twice(n):\n    return 2",
        "I cannot.",
        "def twice(n:",
    ]
    assert tables.programs["sample_index"].to_list() == [0, 1, 2, 3, 4]
    assert tables.programs["model"].unique().to_list() == ["m"]
    assert tables.counts()["program"].rows_in == 5


def test_acecode_87k_without_programs_still_finds_the_function_to_write(write):
    tables = read_import(manifest(write("train.jsonl", [ACECODE]), with_programs=False))
    assert tables.questions["entry_point"].to_list() == ["twice"]
    assert tables.programs.is_empty()
    assert tables.counts()["program"].rows_in == 0


def test_a_question_whose_tests_call_no_function_is_rejected_with_all_that_belongs_to_it(write):
    lost = ACECODE | {"id": "oss_2", "test_cases": ["assert 1 == 1", "not python ("]}
    tables = read_import(manifest(write("train.jsonl", [ACECODE, lost])))
    assert tables.questions["upstream_id"].to_list() == ["oss_1"]
    rejected = tables.rejected.group_by("row_kind", "reason").len().sort("row_kind")
    assert rejected.rows() == [
        ("program", "question_rejected", 5),
        ("question", "no_entry_point", 1),
        ("test", "question_rejected", 2),
    ]


def test_an_unrecognisable_file_is_refused_with_the_columns_each_format_lacks(write):
    file = write("odd.jsonl", [{"task_id": 1, "prompt": "?", "code": "", "wrong": 1}])
    with pytest.raises(ImportFileError) as error:
        read_import(manifest(file))
    message = str(error.value)
    assert "odd.jsonl: no known format of questions" in message
    assert "MBPP sanitized lacks test_list; " in message
    assert "HumanEval lacks canonical_solution, test, entry_point" in message
    assert "AceCode-87K lacks id, question, test_cases" in message
    assert "Columns found: code, prompt, task_id, wrong" in message


def test_a_file_in_the_wrong_place_is_refused_with_its_place(write, program_rows):
    file = write("programs.jsonl", program_rows)
    with pytest.raises(ImportFileError, match="columns of acecoder programs: name it under programs"):
        read_import(manifest(file))


def test_integers_of_any_width_and_nulls_in_optional_columns_are_read_from_parquet(tmp_path: Path, question_rows):
    frame = pl.DataFrame(question_rows).with_columns(
        question_id=pl.Series([1, 2], dtype=pl.UInt16), split=pl.lit(None), setup_code=pl.Series([None, "x = 1"])
    )
    frame.write_parquet(tmp_path / "questions.parquet")
    tables = read_import(manifest(str(tmp_path / "questions.parquet")))
    assert tables.questions["upstream_id"].to_list() == ["1", "2"]
    assert tables.questions["setup_code"].to_list() == ["", "x = 1"]


def test_a_byte_order_mark_and_blank_lines_are_no_problem(tmp_path: Path, question_rows):
    path = tmp_path / "questions.jsonl"
    path.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in question_rows) + "\n \n", encoding="utf-8")
    assert read_import(manifest(str(path))).questions.height == 2


def test_a_function_named_like_a_builtin_is_found_where_the_program_defines_it(write):
    own_sum = MBPP | {"code": "def sum(a, b):\n    return a + b", "test_list": ["assert sum(1, 2) == 3"]}
    tables = read_import(manifest(write("mbpp.jsonl", [own_sum])))
    assert tables.questions["entry_point"].to_list() == ["sum"]
