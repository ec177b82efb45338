import json

import pytest

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.decontamination import (
    DecontaminationSettings,
    read_benchmarks,
    without_contaminated,
)
from acecoder_dagster.questions.importing import Cleaning, ImportManifest, load_import, read_import, store_import

WORDS = "Given a list of whole numbers, return the length of the longest run of equal neighbours in it."


def question(name, text, split="train"):
    program = f"def {name}(xs):\n    return len(xs)\n"
    tests = [f"assert {name}([1, 2]) == 2", f"assert {name}([]) == 0"]
    return {
        "question_id": name,
        "question": text,
        "entry_point": name,
        "reference_program": program,
        "tests": tests,
        "split": split,
    }


@pytest.fixture
def benchmark(tmp_path):
    path = tmp_path / "benchmark.jsonl"
    path.write_text(json.dumps(question("run", WORDS)) + "\n")
    return DecontaminationSettings(benchmarks=(str(path),), execution=False)


def manifest(folder, *questions):
    (folder / "questions.jsonl").write_text("".join(json.dumps(each) + "\n" for each in questions))
    programs = [
        {"question_id": each["question_id"], "program_id": each["question_id"], "model": "m", "program": "x = 1"}
        for each in questions
    ]
    (folder / "programs.jsonl").write_text("".join(json.dumps(each) + "\n" for each in programs))
    files = {name: (str(folder / f"{name}.jsonl"),) for name in ("questions", "programs")}
    return ImportManifest(name="mine", **files)


def cleaned(imported, settings):
    return without_contaminated(imported, read_benchmarks(settings), settings, None, lambda _: None)


def test_questions_of_a_benchmark_are_rejected_with_their_tests_and_programs(tmp_path, benchmark):
    given = manifest(tmp_path, question("copied", f"{WORDS} Be quick."), question("own", "Count the items of a list."))
    before = read_import(given)

    after = cleaned(before, benchmark)

    assert after.questions["entry_point"].to_list() == after.seeds["entry_point"].to_list() == ["own"]
    assert set(after.candidate_tests["question_id"]) == set(after.programs["question_id"])
    told = dict(after.rejected.select("row_kind", "reason").unique().iter_rows())
    assert told == {
        "question": Reason.CONTAMINATED_WORDS,
        "test": Reason.QUESTION_REJECTED,
        "program": Reason.QUESTION_REJECTED,
    }
    assert "a list of whole numbers return" in after.rejected.filter(row_kind="question")["evidence"][0]
    counts = {kind: count.rows_in for kind, count in before.counts().items()}
    assert {kind: count.rows_in for kind, count in after.counts().items()} == counts


def test_held_out_questions_may_be_the_benchmark_itself(tmp_path, benchmark):
    imported = read_import(manifest(tmp_path, question("copied", WORDS, "test"), question("own", "Count the items.")))

    assert cleaned(imported, benchmark).questions.height == 2


def test_an_import_of_nothing_else_is_an_error(tmp_path, benchmark):
    imported = read_import(manifest(tmp_path, question("copied", WORDS)))

    with pytest.raises(ImportFileError, match="all 1 questions come from"):
        cleaned(imported, benchmark)


def test_what_is_taken_out_is_taken_out_again_when_it_depends_on_something_else(tmp_path, benchmark):
    given = manifest(tmp_path, question("copied", WORDS), question("own", "Count the items of a list."))
    clean = Cleaning({"benchmarks": "one"}, lambda imported: cleaned(imported, benchmark))
    whole = store_import(tmp_path, given)

    stored = store_import(tmp_path, given, clean)

    assert (whole.counts["question"].kept, stored.counts["question"].kept) == (2, 1)
    assert load_import(tmp_path, "mine-000").questions["entry_point"].to_list() == ["own"]
    assert store_import(tmp_path, given, clean).unchanged
    assert not store_import(tmp_path, given, Cleaning({"benchmarks": "two"}, clean.clean)).unchanged
