"""Files that cannot be imported are refused with file, row, column and what to do; nothing is written."""

import json
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.importing import read_import, store_import
from tests.questions.importing.import_helpers import manifest


def problems(wanted) -> list[str]:
    with pytest.raises(ImportFileError) as error:
        read_import(wanted)
    return error.value.problems


def test_a_missing_file(tmp_path: Path):
    path = tmp_path / "absent.jsonl"
    assert problems(manifest(str(path))) == [f"{path}: cannot be read: No such file or directory; check the path"]


def test_an_unknown_ending(tmp_path: Path):
    (tmp_path / "questions.csv").write_text("a,b\n")
    (found,) = problems(manifest(str(tmp_path / "questions.csv")))
    assert found.endswith(
        "questions.csv: unknown kind of file; its name must end in one of .parquet, .jsonl, .jsonl.gz, .json"
    )


@pytest.mark.parametrize("name", ["questions.jsonl", "questions.json"])
def test_an_empty_file(name, tmp_path: Path):
    (tmp_path / name).write_text("[]" if name.endswith(".json") else "\n")
    assert problems(manifest(str(tmp_path / name))) == [f"{name}: the file has no rows"]


@pytest.mark.parametrize("name", ["questions.parquet", "questions.jsonl.gz"])
def test_a_damaged_file(name, tmp_path: Path):
    (tmp_path / name).write_bytes(b"not what the ending says")
    (found,) = problems(manifest(str(tmp_path / name)))
    assert found.startswith(f"{name}: the file is damaged or not what its ending says: ")


def test_invalid_json_names_every_line(tmp_path: Path, question_rows):
    lines = [json.dumps(question_rows[0]), '{"question_id": 1,', json.dumps(question_rows[1]), "[1, 2]", "{'a': 1}"]
    (tmp_path / "questions.jsonl").write_text("\n".join(lines))
    why = "Expecting property name enclosed in double quotes; mend it"
    assert problems(manifest(str(tmp_path / "questions.jsonl"))) == [
        f"questions.jsonl, row 2: invalid JSON at character 19: {why}",
        "questions.jsonl, row 4: a JSON object is needed: {...}",
        f"questions.jsonl, row 5: invalid JSON at character 2: {why}",
    ]


def test_invalid_json_in_a_json_file_names_its_line(tmp_path: Path):
    (tmp_path / "questions.json").write_text('[\n{"a": 1},\n{"a": }\n]')
    assert problems(manifest(str(tmp_path / "questions.json"))) == [
        "questions.json: invalid JSON in line 3: Expecting value; mend it"
    ]


def test_a_json_file_that_is_no_list(tmp_path: Path):
    (tmp_path / "questions.json").write_text('{"question_id": 1}')
    (found,) = problems(manifest(str(tmp_path / "questions.json")))
    assert "a JSON list of objects is needed" in found


@pytest.mark.parametrize("name", ["questions.jsonl", "questions.json"])
def test_bytes_that_are_not_utf8_name_their_line(name, tmp_path: Path, question_rows):
    question_rows[1]["question"] = "Straße"
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in question_rows)
    text = f"[{rows}]" if name.endswith(".json") else rows.replace(",\n", "\n")
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    (found,) = problems(manifest(str(tmp_path / name)))
    assert ("line 2 has bytes that are not UTF-8" in found) or ("row 2: byte" in found and "is not UTF-8" in found)


def test_wrong_types_and_empty_values_are_reported_together_by_row_and_column(write, question_rows):
    question_rows[0] |= {"tests": "assert add(1, 2) == 3", "split": 3}
    question_rows[1] |= {"question": None, "tests_faithful": "yes"}
    assert sorted(problems(manifest(write("questions.jsonl", question_rows)))) == [
        "questions.jsonl, row 1, column split: text is needed, found 3",
        "questions.jsonl, row 1, column tests: a list of texts is needed, found 'assert add(1, 2) == 3'",
        "questions.jsonl, row 2, column question: empty; text is needed",
        "questions.jsonl, row 2, column tests_faithful: true or false is needed, found 'yes'",
    ]


def test_text_that_no_file_can_hold_is_a_wrong_value(write, question_rows):
    question_rows[0]["question"] = "half \ud800"
    (found,) = problems(manifest(write("questions.jsonl", question_rows)))
    assert found.startswith("questions.jsonl, row 1, column question: text is needed")


def test_wrong_types_in_parquet_name_the_column(tmp_path: Path, question_rows):
    frame = pl.DataFrame(question_rows).with_columns(question=pl.lit(1), tests=pl.Series([["assert 1", None], ["x"]]))
    frame.write_parquet(tmp_path / "questions.parquet")
    assert sorted(problems(manifest(str(tmp_path / "questions.parquet")))) == [
        "questions.parquet, column question: text is needed, the file has Int32",
        "questions.parquet, row 1, column tests: empty; a list of texts is needed",
    ]


def test_inferences_without_their_fields(write):
    row = {"id": "a", "question": "?", "test_cases": ["assert f() == 1"], "inferences": [{"completion": "x"}]}
    for name in ("acecode.jsonl", "acecode.parquet"):
        (found,) = problems(manifest(write(name, [row])))
        assert "column inferences: a list of objects with the texts `model_name` and `completion`" in found


def test_duplicate_question_ids_name_both_places(write, question_rows):
    files = (write("a.jsonl", question_rows), write("b.jsonl", question_rows[1:]))
    assert problems(manifest(*files)) == [
        "b.jsonl, row 1, column question_id: question id 'Q/neg' occurs twice, first in a.jsonl row 2; "
        "ids must be unique"
    ]


def test_a_program_over_the_limit_names_row_and_limit(write, question_rows, program_rows):
    program_rows[1]["program"] = "#" * 2_000_000
    found = problems(manifest(write("q.jsonl", question_rows), programs=(write("programs.jsonl", program_rows),)))
    assert found == [
        "programs.jsonl, row 2, column program: the program has 2,000,000 bytes, the limit is 1,000,000; "
        "remove it or raise max_program_bytes"
    ]


def test_a_check_that_is_the_one_test_must_be_there(write, question_rows):
    question_rows[0]["tests_faithful"] = False
    (found,) = problems(manifest(write("q.jsonl", question_rows)))
    assert found == "q.jsonl, row 1, column check_code: empty, but tests_faithful is false; give the test"


def test_counts_must_be_one_per_test(write, question_rows):
    tests = write("t.jsonl", [{"question_id": "Q/add", "model": "m", "tests": ["a", "b"], "counts": [1]}])
    found = problems(manifest(write("q.jsonl", question_rows), generated_tests=(tests,), tests="both"))
    assert found == ["t.jsonl, row 1, column counts: 1 counts for 2 tests; give one per test"]


def test_files_that_belong_to_none_of_the_questions(write, question_rows, program_rows):
    programs = write("p.jsonl", [row | {"question_id": "X/1"} for row in program_rows])
    tests = write("t.jsonl", [{"question_id": "X/2", "model": "m", "tests": ["assert f() == 1"]}])
    wanted = manifest(write("q.jsonl", question_rows), generated_tests=(tests,), tests="both", programs=(programs,))
    assert problems(wanted) == [
        "t.jsonl, column question_id: none of its tests is for a question of this import "
        "(its first is for 'X/2'); check the ids",
        "p.jsonl, column question_id: none of its programs is for a question of this import "
        "(its first is for 'X/1'); check the ids",
    ]


def test_no_usable_question(write, question_rows):
    rows = [row | {"entry_point": "not a name"} for row in question_rows]
    (found,) = problems(manifest(write("q.jsonl", rows)))
    assert found.endswith("q.jsonl: no question can be used: no_entry_point (2 rows)")


def test_problems_of_all_files_come_together(write, tmp_path: Path, question_rows):
    (tmp_path / "bad.jsonl").write_text("{")
    found = problems(manifest(str(tmp_path / "absent.jsonl"), str(tmp_path / "bad.jsonl")))
    assert [("absent.jsonl" in found[0]), found[1].startswith("bad.jsonl, row 1: invalid JSON")] == [True, True]


def test_the_message_lists_twenty_problems_and_counts_the_rest(tmp_path: Path):
    (tmp_path / "bad.jsonl").write_text("{\n" * 27)
    with pytest.raises(ImportFileError) as error:
        read_import(manifest(str(tmp_path / "bad.jsonl")))
    lines = str(error.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "- and 7 more"


def test_nothing_is_written_when_there_is_a_problem(write, tmp_path: Path, question_rows):
    question_rows[1]["question"] = None
    with pytest.raises(ImportFileError):
        store_import(tmp_path / "home", manifest(write("q.jsonl", question_rows)))
    assert not (tmp_path / "home").exists()
