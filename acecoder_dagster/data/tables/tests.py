"""Tables of tests and of the oracle programs that choose among them."""

import polars as pl

from acecoder_dagster.data.tables.table import REAL, TEXT, WHOLE, Column, Table

OFFICIAL = "official"
"""Origin of tests that their publisher stands for."""

ASSERT, UNITTEST, STDIN, CALL = "assert", "unittest", "stdin", "call"
TEST_KINDS = {
    ASSERT: "Python source, usually one assert statement",
    UNITTEST: "JSON object with the `code` of `unittest.TestCase` classes and the test's `method`, as Class.method",
    STDIN: "JSON object with the `input` that a program reads and the `output` that it must print",
    CALL: "JSON object with `input`, one JSON argument of the entry point per line, and `output`, its value as JSON",
}
"""Kinds of tests, and what the column `test` holds of each; all tests of a question are of one kind."""

_KIND = Column("kind", TEXT, f"Kind of test: {', '.join(TEST_KINDS)}; one kind per question", default=ASSERT)
_TEST = Column("test", TEXT, "; ".join(f"{kind}: {meaning}" for kind, meaning in TEST_KINDS.items()))

CANDIDATE_TESTS = Table(
    "candidate_tests",
    "Tests as written, before any was filtered.",
    "test_id",
    (
        Column("test_id", TEXT, "Hash of question_id and test"),
        Column("question_id", TEXT, "Question it tests"),
        _TEST,
        Column("position", WHOLE, "Order among the candidate tests of its question, from 0"),
        Column("origin", TEXT, "`official`, `reference execution`, or the model that wrote it"),
        Column("times_written", WHOLE, "How often the writer produced it"),
        _KIND,
    ),
)

ORACLE_PROGRAMS = Table(
    "oracle_programs",
    "Programs whose verdicts decide which tests are kept.",
    "program_id",
    (
        Column("program_id", TEXT, "Hash of question_id, model, sample_index and program"),
        Column("question_id", TEXT, "Question it answers"),
        Column("model", TEXT, "Model that wrote it, or `reference`"),
        Column("sample_index", WHOLE, "Number of the answer, from 0"),
        Column("program", TEXT, "Python source"),
    ),
)

FILTERED_TESTS = Table(
    "filtered_tests",
    "Tests that were kept: what programs are judged by.",
    "test_id",
    (
        Column("test_id", TEXT, "Hash of question_id and test, as in candidate_tests where it comes from there"),
        Column("question_id", TEXT, "Question it tests"),
        _TEST,
        Column("position", WHOLE, "Order among the kept tests of its question, from 0: the index into outcomes"),
        Column("origin", TEXT, "As in candidate_tests, or `adversarial input`: made because programs disagree on it"),
        _KIND,
    ),
)

TEST_QUALITY = Table(
    "test_quality",
    "The test-quality certificate: what the kept tests are worth, measured on calibration questions.",
    "measure",
    (
        Column(
            "measure",
            TEXT,
            "validity, true_positives, true_negatives, the last two also of the strongest third of the models, "
            "mutation_kill, coverage, flaky; and how labelled programs fail",
        ),
        Column("value", REAL, "Share over all that was counted; null where nothing was", nullable=True),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by question)", nullable=True),
        Column("high", REAL, "Upper end", nullable=True),
        Column("questions", WHOLE, "Calibration questions with something to count"),
        Column("counted", WHOLE, "Tests, programs, mutants or lines counted"),
        Column("required", REAL, "Setting in [quality]; null where nothing is required", nullable=True),
        Column("met", pl.Boolean(), "Whether the requirement is met; null where there is none", nullable=True),
    ),
)
