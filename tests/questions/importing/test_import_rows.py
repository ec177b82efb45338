"""What becomes of rows: kept, merged, rejected with a reason; splits, batches, counts."""

import pytest
from pydantic import ValidationError

from acecoder_dagster.questions.importing import ImportManifest, RowCount, read_import
from tests.questions.importing.import_helpers import candidate_tests_of, manifest


def generated(write, tests, counts=None, question_id="Q/add", model="writer"):
    row = {"question_id": question_id, "model": model, "tests": tests} | ({} if counts is None else {"counts": counts})
    return write(f"{model}.jsonl", [row])


def test_generated_candidate_tests_of_equal_meaning_are_merged_and_their_counts_added(write, question_rows):
    tests = [
        "assert \tadd(2, 2) == 4",
        "assert add(2,2)==4, 'sum'",
        "  assert add(2, 2) == 4\n",
        "assert add(3, 2) == 5",
    ]
    files = (generated(write, tests, [1, 2, 3, 4]), generated(write, ["assert add( 3,2 ) == 5"], model="other"))
    tables = read_import(manifest(write("q.jsonl", question_rows), generated_tests=files, tests="generated"))
    kept = tables.candidate_tests.select("test", "times_written", "origin", "position").rows()
    assert kept == [("assert add(2, 2) == 4", 6, "writer", 0), ("assert add(3, 2) == 5", 5, "writer", 1)]
    assert tables.rejected["reason"].to_list() == ["duplicate"] * 3
    assert tables.rejected["evidence"][2].startswith("other.jsonl row 1: by other, same as test ")


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("assert add(1, 2 == 3", "does_not_parse"),
        ("assert add(1) == \x00", "does_not_parse"),
        ("(" * 300 + ")" * 300, "does_not_parse"),
        ("add(1, 2)", "no_assert"),
        ("assert 1 + 2 == 3", "entry_point_not_called"),
        ("assert add is not None", "entry_point_not_called"),
        ("assert module.add(1, 2) == 3", "entry_point_not_called"),
        ("assert 1 + 2 == 3, add(1, 2)", "entry_point_not_called"),
    ],
)
def test_an_unusable_test_is_rejected_with_reason_and_evidence(test, reason, write, question_rows):
    file = generated(write, [test, "assert add(9, 9) == 18"])
    tables = read_import(manifest(write("q.jsonl", question_rows), generated_tests=(file,), tests="generated"))
    assert tables.candidate_tests["test"].to_list() == ["assert add(9, 9) == 18"]
    row = tables.rejected.row(0, named=True)
    assert (row["stage"], row["row_kind"], row["reason"]) == ("candidate_tests", "test", reason)
    assert row["evidence"].startswith("writer.jsonl row 1: ")
    assert row["question_id"] == tables.questions["question_id"][0]


@pytest.mark.parametrize("test", ["assert list(map(add, [1], [2])) == [3]", "x = add(1, 2)\nassert x == 3"])
def test_a_test_may_pass_the_entry_point_on_or_hold_several_statements(test, write, question_rows):
    file = generated(write, [test])
    tables = read_import(manifest(write("q.jsonl", question_rows), generated_tests=(file,), tests="generated"))
    assert tables.candidate_tests["test"].to_list() == [test]


def test_text_inside_a_test_is_not_touched(write, question_rows):
    test = 'assert add("a\tb  ", """\n   \n""") == "a\tb  \\n   \\n"'
    file = generated(write, [test])
    tables = read_import(manifest(write("q.jsonl", question_rows), generated_tests=(file,), tests="generated"))
    assert tables.candidate_tests["test"].to_list() == [test]


def test_official_tests_come_before_generated_ones_and_absorb_their_duplicates(write, question_rows):
    file = generated(write, ["assert add(5, 5) == 10", "assert add(1,2) == 3"], [4, 7])
    tables = read_import(manifest(write("q.jsonl", question_rows), generated_tests=(file,), tests="both"))
    assert candidate_tests_of(tables, "Q/add") == [
        "assert add(1, 2) == 3",
        "assert add(0, b=0) == 0",
        "assert add(5, 5) == 10",
    ]
    assert tables.candidate_tests.select("origin", "times_written").row(0) == ("official", 8)


def test_rows_in_are_rows_kept_plus_rows_rejected(write, question_rows, program_rows):
    question_rows.append(question_rows[0] | {"question_id": "Q/none", "question": " "})
    program_rows += [
        program_rows[0],
        program_rows[0] | {"program": " \n"},
        program_rows[0] | {"question_id": "elsewhere"},
        program_rows[0] | {"question_id": "Q/none"},
    ]
    tests = generated(write, ["assert add(1, 2) == 3", "assert add(4, 4) == 8", "nonsense("])
    elsewhere = generated(write, ["assert f() == 1"], question_id="Q/none", model="other")
    tables = read_import(
        manifest(
            write("q.parquet", question_rows),
            generated_tests=(tests, elsewhere),
            tests="both",
            programs=(write("p.parquet", program_rows),),
        )
    )
    assert tables.counts() == {
        "question": RowCount(3, 2, 1),
        "test": RowCount(9, 4, 5),
        "program": RowCount(7, 3, 4),
    }
    assert tables.reasons().rows() == [
        ("program", "duplicate", 1),
        ("program", "empty_program", 1),
        ("program", "question_rejected", 1),
        ("program", "unknown_question", 1),
        ("question", "empty_question", 1),
        ("test", "does_not_parse", 1),
        ("test", "duplicate", 1),
        ("test", "question_rejected", 3),
    ]


def many_questions(count):
    return [
        {"question_id": f"Q{n}", "question": f"Question {n}.", "entry_point": f"function_{n}"} for n in range(count)
    ]


def test_splits_by_hash_have_about_the_shares_asked_for_and_stay_with_their_question(write):
    file = write("q.jsonl", many_questions(2000))
    first = read_import(manifest(file, split="hash", validation_share=0.2, test_share=0.3)).questions
    shares = dict(first["split"].value_counts(normalize=True).rows())
    assert shares["test"] == pytest.approx(0.3, abs=0.05)
    assert shares["validation"] == pytest.approx(0.2, abs=0.05)
    fewer = write("fewer.jsonl", many_questions(2000)[1500:])
    again = read_import(manifest(fewer, split="hash", validation_share=0.2, test_share=0.3)).questions
    assert again["split"].to_list() == first["split"].to_list()[1500:]


def test_a_whole_import_can_be_for_training_or_held_out(write):
    file = write("q.jsonl", [{**question, "split": "test"} for question in many_questions(200)])
    held_out = read_import(manifest(file, split="test")).questions
    assert set(held_out["split"]) == {"test"}
    for_training = read_import(manifest(file, split="train", test_share=0.5, validation_share=0.3)).questions
    assert set(for_training["split"]) == {"train", "validation"}


def test_keep_takes_the_files_split_where_it_is_one_of_ours(write, question_rows):
    question_rows[0]["split"] = "prompt"
    file = write("q.jsonl", question_rows)
    kept = read_import(manifest(file, test_share=0, validation_share=0)).questions
    assert kept["split"].to_list() == ["train", "test"]
    hashed = read_import(manifest(file, split="hash", test_share=0, validation_share=0)).questions
    assert hashed["split"].to_list() == ["train", "train"]


def test_editions_of_a_question_are_in_the_same_split(write, question_rows):
    other_edition = question_rows[1] | {
        "question_id": "Q2/neg",
        "question": "Give -n.",
        "split": "",
        "entry_point": "Neg",
    }
    kept = read_import(manifest(write("q.jsonl", [*question_rows, other_edition]), test_share=0, validation_share=0))
    assert kept.questions["split"].to_list() == ["train", "test", "test"]
    editions = [row | {"question_id": f"E/{row['question_id']}"} for row in many_questions(200)]
    hashed = read_import(manifest(write("many.jsonl", many_questions(200) + editions), split="hash")).questions
    assert hashed["split"].to_list()[:200] == hashed["split"].to_list()[200:]


def test_seeds_carry_the_split_and_licence_of_their_question(write, question_rows):
    tables = read_import(manifest(write("q.jsonl", question_rows)))
    columns = ("seed_id", "split", "licence", "upstream_id")
    assert tables.seeds.select(columns).rows() == tables.questions.select(columns).rows()


def test_questions_are_dealt_to_batches_in_file_order_and_their_rows_go_with_them(write):
    questions = many_questions(5)
    programs = [{"question_id": f"Q{n % 5}", "model": "m", "program": f"p{n}"} for n in range(10)]
    programs.append({"question_id": "nowhere", "model": "m", "program": "p"})
    files = {"programs": (write("p.jsonl", programs),), "questions_per_batch": 2}
    asked = manifest(write("q.jsonl", questions), **files)
    batches = read_import(asked).batches(asked)
    assert {name: part.questions["upstream_id"].to_list() for name, part in batches.items()} == {
        "made-000": ["Q0", "Q1"],
        "made-001": ["Q2", "Q3"],
        "made-002": ["Q4"],
    }
    assert batches["made-001"].programs["program"].to_list() == ["p2", "p3", "p7", "p8"]
    assert [part.seeds.height for part in batches.values()] == [2, 2, 1]
    assert [part.rejected.height for part in batches.values()] == [1, 0, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tests": "both"}, "no generated_tests are named"),
        ({"generated_tests": ("x.jsonl",)}, "set tests to `generated` or `both`"),
        ({"test_share": 0.5, "validation_share": 0.5}, "nothing to train on"),
        ({"questions": ()}, "at least 1 item"),
        ({"name": "Two Words"}, "pattern"),
        ({"file": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_manifest_that_does_not_fit_together_is_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        ImportManifest(**({"name": "made", "questions": ("q.jsonl",)} | settings))


def test_programs_that_differ_in_layout_alone_share_a_syntax_hash_and_no_id(write, question_rows, program_rows):
    first = program_rows[0]
    again = first | {"sample_index": 99, "program": "# another time\n" + first["program"]}
    questions, programs = write("q.jsonl", question_rows), write("p.parquet", [*program_rows, again])

    read = read_import(manifest(questions, programs=(programs,))).programs

    assert read["program_id"].n_unique() == read.height
    assert read["syntax_hash"].n_unique() == read.height - 1
