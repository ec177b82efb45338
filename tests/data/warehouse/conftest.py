import pytest

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    REJECTED_ROWS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import build_warehouse
from tests.rows import result, rows

OUTCOMES = {"q1": ["pp", "pf", "ff", "pj"], "q2": ["p", "p"]}
"""Outcomes of the programs <question>p<number>; q1 has two tests kept of three written, q2 one of one."""

WRITTEN = {"q1": 3, "q2": 1}


def write_batch(lake, question, batch, like=None):
    """Write a question, its tests, its programs and their verdicts: those of q1 or q2, or another one like them."""
    outcomes, written = OUTCOMES[like or question], WRITTEN[like or question]
    kept = len(outcomes[0])
    tests = [
        {
            "test_id": f"{question}t{n}",
            "question_id": question,
            "test": f"assert f({n})",
            "position": n,
            "origin": "official",
        }
        for n in range(written)
    ]
    # The first candidate is the one that was not kept, so that the two positions differ.
    filtered = [row | {"position": number} for number, row in enumerate(tests[written - kept :])]
    rejected = [
        {
            "stage": "filtered_tests",
            "row_kind": "test",
            "row_id": row["test_id"],
            "question_id": question,
            "reason": "wrong",
        }
        for row in tests[: written - kept]
    ]
    programs = [
        {"program_id": f"{question}p{n}", "question_id": question, "model": "m", "sample_index": n, "program": "pass"}
        for n in range(len(outcomes))
    ]
    results = [result(f"{question}p{n}", question, given, written) for n, given in enumerate(outcomes)]
    questions = [{"question_id": question, "source": "s", "split": "train", "question": "?"}]
    figures = {"rows_in": written, "seconds": 0.5, "reused": 1}
    for table, given, kept_back in (
        (QUESTIONS, questions, []),
        (CANDIDATE_TESTS, tests, []),
        (FILTERED_TESTS, filtered, rejected),
        (SAMPLED_PROGRAMS, programs, []),
        (TEST_RESULTS, results, []),
    ):
        frame = rows(table, *given)
        lake.write(table, batch, frame, content_key="k", rejected=rows(REJECTED_ROWS, *kept_back), figures=figures)


@pytest.fixture
def lake(tmp_path):
    """A lake of two batches under a path that SQL and globs could stumble over."""
    lake = Lake(tmp_path / "it's [a] lake=1")
    write_batch(lake, "q1", "2026-11-21")
    write_batch(lake, "q2", "007")
    policy = {"program_id": "trained", "question_id": "q2", "model": "policy_rule", "program": "pass"}
    lake.write(POLICY_PROGRAMS, "all", rows(POLICY_PROGRAMS, policy), content_key="k")
    lake.write(POLICY_RESULTS, "all", rows(POLICY_RESULTS, result("trained", "q2", "f")), content_key="k")
    pair = {
        "pair_id": "q1p0-q1p1",
        "question_id": "q1",
        "split": "train",
        "chosen_program_id": "q1p0",
        "rejected_program_id": "q1p1",
        "chosen_pass_rate": 1.0,
        "rejected_pass_rate": 0.5,
        "weight": 1.0,
    }
    lake.write(PREFERENCE_PAIRS, "all", rows(PREFERENCE_PAIRS, pair), content_key="k")
    return lake


@pytest.fixture
def warehouse(lake, tmp_path):
    """The warehouse of that lake."""
    return build_warehouse(lake, tmp_path / "acecoder.duckdb").path
