"""What is wrong with files that are to be judged is said with file, row and what to do, before anything is judged."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.judge.files import JudgeFileError, judge_files

QUESTION = {"question_id": "q", "tests": ["assert f(1) == 1"]}
PROGRAM = {"question_id": "q", "program_id": "p", "program": "def f(x): return x"}


def problems(questions, programs, out):
    before = sorted(out.parent.iterdir())
    with pytest.raises(JudgeFileError) as caught:
        judge_files(questions, programs, out, SandboxSettings(launcher="bubblewrap", workers=1))
    assert sorted(out.parent.iterdir()) == before
    return caught.value.problems


def without(row, column):
    return {name: value for name, value in row.items() if name != column}


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "json"])
@pytest.mark.parametrize(
    ("questions", "programs", "expected"),
    [
        ([without(QUESTION, "question_id")], [PROGRAM], "questions.{}: no column question_id; the columns found are "),
        ([QUESTION], [without(PROGRAM, "program")], "programs.{}: no column program; the columns found are "),
        ([QUESTION | {"tests": []}], [PROGRAM], "questions.{}, row 1: question q has no tests: it needs"),
        (
            [QUESTION | {"test_code": "def check(f): pass", "entry_point": "f"}],
            [PROGRAM],
            "questions.{}, row 1: question q has tests and test_code: it needs exactly one of",
        ),
        (
            [{"question_id": "q", "test_code": "def check(f): assert f(1) == 1"}],
            [PROGRAM],
            "questions.{}, row 1: question q has test_code: it needs an entry_point too",
        ),
        (
            [QUESTION | {"cpu_seconds": -1.0}],
            [PROGRAM],
            "questions.{}, row 1: question q has cpu_seconds -1: give a number above 0 and at most 600, or leave",
        ),
        ([QUESTION | {"tests": ["assert 1"]}], [PROGRAM], "questions.{}, row 1, column tests: its tests use no name"),
        (
            [QUESTION, QUESTION],
            [PROGRAM],
            "questions.{}, row 2, column question_id: question id 'q' occurs twice, first in row 1; ids must be unique",
        ),
        (
            [QUESTION],
            [PROGRAM, PROGRAM | {"question_id": "other", "program_id": "p2"}],
            "programs.{}, row 2, column question_id: there is no question 'other' in questions.{}; add it there, or",
        ),
        (
            [QUESTION],
            [PROGRAM, PROGRAM | {"program_id": "p2"}, PROGRAM],
            "programs.{}, row 3, column program_id: program id 'p' occurs twice, first in row 1; ids must be unique",
        ),
        ([QUESTION], [PROGRAM | {"program": None}], "programs.{}, row 1, column program: empty; text is needed"),
        ([QUESTION | {"tests": [1]}], [PROGRAM], "a list of texts is needed"),
        ([{"question_id": "q", "io_tests": [{"input": "1"}]}], [PROGRAM], "objects with the texts `input`"),
    ],
)  # fmt: skip
def test_a_wrong_row_or_column_is_named(write, tmp_path, questions, programs, expected, ending):
    (found,) = problems(
        write(f"questions.{ending}", questions), write(f"programs.{ending}", programs), tmp_path / "verdicts.jsonl"
    )
    assert expected.replace("{}", ending) in found


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "jsonl.gz"])
def test_rows_far_down_a_file_are_counted_from_its_beginning(write, tmp_path, ending):
    rows = [PROGRAM | {"program_id": f"p{i % 2999}"} for i in range(3000)]
    found = problems(write("questions.jsonl", [QUESTION]), write(f"programs.{ending}", rows), tmp_path / "out.jsonl")
    what = "column program_id: program id 'p0' occurs twice, first in row 1; ids must be unique"
    assert found == [f"programs.{ending}, row 3000, {what}"]


def test_every_problem_is_in_the_one_message(write, tmp_path):
    rows = [PROGRAM | {"question_id": f"q{i}", "program_id": i} for i in range(30)]
    found = problems(write("questions.jsonl", [QUESTION]), write("programs.jsonl", rows), tmp_path / "verdicts.jsonl")
    assert len(found) == 30
    assert "and 10 more" in str(JudgeFileError(found))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file has no rows"),
        (b"\n\n", "the file has no rows"),
        (json.dumps(PROGRAM).encode() + b'\n{"question_id": \n', "row 2: invalid JSON at character"),
        (json.dumps(PROGRAM).encode() + b'\n{"question_id": "\xff\xfe"}\n', "row 2: byte 18 of the line is not UTF-8"),
        (b"[1, 2]\n", "row 1: a JSON object is needed"),
    ],
    ids=["empty", "blank lines", "invalid JSON", "not UTF-8", "no object"],
)
def test_a_file_that_is_no_jsonl_is_named_with_the_line(write, tmp_path, content, expected):
    programs = tmp_path / "programs.jsonl"
    programs.write_bytes(content)
    (found,) = problems(write("questions.jsonl", [QUESTION]), programs, tmp_path / "verdicts.jsonl")
    assert found.startswith("programs.jsonl")
    assert expected in found


@pytest.mark.parametrize("name", ["programs.parquet", "programs.jsonl.gz"])
def test_a_file_that_is_not_what_its_ending_says(write, tmp_path, name):
    programs = tmp_path / name
    programs.write_bytes(b"PAR1 and nothing else")
    (found,) = problems(write("questions.jsonl", [QUESTION]), programs, tmp_path / "verdicts.jsonl")
    assert found.startswith(f"{name}: the file is damaged or not what its ending says")


def test_text_in_parquet_that_is_not_utf8(write, tmp_path):
    texts = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"], pa.binary()).buffers())
    pq.write_table(
        pa.table({"question_id": ["q"], "program_id": ["p"], "program": texts}), tmp_path / "programs.parquet"
    )
    (found,) = problems(write("questions.jsonl", [QUESTION]), tmp_path / "programs.parquet", tmp_path / "out.jsonl")
    assert "programs.parquet" in found
    assert "UTF8" in found


def test_a_file_that_is_not_there(write, tmp_path):
    (found,) = problems(write("questions.jsonl", [QUESTION]), tmp_path / "none.jsonl", tmp_path / "verdicts.jsonl")
    assert found == "none.jsonl: there is no such file; check the path"


@pytest.mark.parametrize(
    ("out", "expected"),
    [
        ("verdicts.csv", "its name must end in one of .parquet, .jsonl, .jsonl.gz, .json"),
        ("nowhere/verdicts.jsonl", "there is no folder"),
        ("programs.jsonl", "verdicts would replace what is to be judged"),
    ],
)
def test_a_place_where_verdicts_cannot_go_is_refused_before_the_work(write, tmp_path, out, expected):
    files = write("questions.jsonl", [QUESTION]), write("programs.jsonl", [PROGRAM])
    with pytest.raises(JudgeFileError, match=expected):
        judge_files(*files, tmp_path / out)
    assert json.loads(Path(files[1]).read_text()) == PROGRAM


def test_kept_verdicts_that_are_damaged_say_what_to_delete(write, tmp_path):
    (tmp_path / "out.jsonl.judged").write_text("no verdicts at all, but long enough to be looked at" * 20)
    (found,) = problems(
        write("questions.jsonl", [QUESTION]), write("programs.jsonl", [PROGRAM]), tmp_path / "out.jsonl"
    )
    assert "out.jsonl.judged" in found
    assert "delete it" in found
