import polars as pl
import pytest

from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.tables import TEST_RESULTS
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.test_suites.observed_calls import observe_calls

QUESTIONS = pl.DataFrame(
    {"question_id": ["q1", "untested"], "entry_point": ["double", "other"], "setup_code": ["import math", ""]}
)
TESTS = pl.DataFrame(
    {
        "question_id": ["q1", "q1"],
        "position": [1, 0],
        "kind": ["assert", "assert"],
        "test": ["assert double(math.inf) == math.inf", "assert double(2) == 4"],
    }
)


@pytest.fixture(scope="module")
def judge():
    with Judge(SandboxSettings(launcher="bubblewrap", workers=1)) as opened:
        yield opened


def test_verdicts_are_rows_with_outcomes_in_the_order_of_the_tests(judge):
    programs = pl.DataFrame(
        {
            "program_id": ["right", "wrong at infinity"],
            "question_id": ["q1", "q1"],
            "program": ["def double(x): return 2 * x", "def double(x): return int(x) * 2"],
        }
    )
    done = []

    results, rejected = judge_table(judge, programs, question_tests(QUESTIONS, TESTS), {"q1": 5}, "stage", done.append)

    assert results.schema == TEST_RESULTS.schema
    rows = {row["program_id"]: row for row in results.to_dicts()}
    assert rows["right"]["outcomes"] == ["passed", "passed"]
    assert rows["wrong at infinity"]["outcomes"] == ["passed", "error"]
    assert (rows["right"]["tests_passed"], rows["right"]["tests_kept"], rows["right"]["tests_written"]) == (2, 2, 5)
    assert sum(done) == 2
    assert rejected.is_empty()


def test_programs_of_a_question_without_tests_are_rejected_with_the_reason(judge):
    programs = pl.DataFrame({"program_id": ["p"], "question_id": ["untested"], "program": ["def other(): pass"]})

    results, rejected = judge_table(judge, programs, question_tests(QUESTIONS, TESTS), {}, "stage", lambda _: None)

    assert results.is_empty()
    assert rejected.select("row_id", "reason").rows() == [("p", "no_kept_tests")]


def test_calls_are_observed_in_order_with_values_or_reasons(judge):
    questions = pl.DataFrame(
        {
            "question_id": ["q1"],
            "entry_point": ["halve"],
            "setup_code": [""],
            "reference_program": ["def halve(x): return [1 / x]"],
            "argument_texts": [["2", "0"]],
        }
    )

    first, second = observe_calls(judge, questions, lambda _: None)

    assert (first.call, first.value, first.reason) == ("halve(2)", [0.5], None)
    assert second.reason == "call_raised"
    assert second.evidence.startswith("ZeroDivisionError")
