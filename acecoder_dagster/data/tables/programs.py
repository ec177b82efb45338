"""Tables of programs and of the verdicts on them."""

from acecoder_dagster.data.tables.table import REAL, TEXT, WHOLE, Column, Table
from acecoder_dagster.judge import Outcome
from acecoder_dagster.judge.files import VERDICT_SCHEMA

SAMPLED_PROGRAMS = Table(
    "sampled_programs",
    "Programs that models wrote for questions.",
    "program_id",
    (
        Column("program_id", TEXT, "Hash of question_id, model, model_revision, sample_index and program"),
        Column("question_id", TEXT, "Question it answers"),
        Column("upstream_id", TEXT, "Id in the imported file; null where sampled here", nullable=True),
        Column("model", TEXT, "Model that wrote it"),
        Column("model_revision", TEXT, "Revision of the model, or content key of a model trained here"),
        Column("sample_index", WHOLE, "Number of the program among those of its question and model, from 0"),
        Column("program", TEXT, "Python source, extracted from the answer"),
        Column("syntax_hash", TEXT, "Hash of its syntax tree: the same for programs that differ in comments or layout"),
        Column("completion", TEXT, "The model's answer; null where imported", nullable=True),
        Column("finish_reason", TEXT, "stop, length, or null where unknown", nullable=True),
        Column("temperature", REAL, "Sampling temperature", nullable=True),
        Column("sampling", TEXT, "All sampling parameters as JSON, or the words of the source"),
        Column("prompt_hash", TEXT, "Hash of the prompt", nullable=True),
        Column("prompt_tokens", WHOLE, "Tokens of the prompt", nullable=True),
        Column("completion_tokens", WHOLE, "Tokens of the answer", nullable=True),
        Column("licence", TEXT, "Licence of the program or terms of its model"),
        Column("origin", TEXT, "Where an imported program was published, or `sampled`"),
    ),
)


def _verdict(name: str, description: str) -> Column:
    """Return a column that the judge's files of verdicts have too, with its type there."""
    return Column(name, VERDICT_SCHEMA[name], description)


UNUSABLE_OUTCOMES = (Outcome.JUDGE_ERROR.value, Outcome.UNSTABLE.value)
"""Outcomes that come from the judge or the clock, not from the program."""

TEST_RESULTS = Table(
    "test_results",
    "Verdicts: one row per program, outcomes as lists in the order of filtered_tests.position. Every pass is in them, "
    "sealed or not; which ones count says the setting tests.unsealed_passes (see pass_rates).",
    "program_id",
    (
        _verdict("program_id", "Program judged"),
        _verdict("question_id", "Question it answers"),
        _verdict("verdict", "passed, or the first outcome that is not"),
        _verdict("outcomes", f"One per kept test: {', '.join(Outcome)}"),
        _verdict("passed", "One per kept test, sealed or not"),
        _verdict("sealed", "Whether the program could not reach the comparison, per test"),
        Column("tests_passed", WHOLE, "Number of kept tests passed"),
        Column("tests_kept", WHOLE, "Number of kept tests of the question"),
        Column(
            "tests_written",
            WHOLE,
            "Number of candidate tests of the question, with those that adversarial rounds added",
        ),
        _verdict(
            "pass_rate",
            "tests_passed / tests_kept (the paper); the released code divides by tests_written",
        ),
        _verdict("cpu_ms", "CPU time of the program over all its tests, milliseconds"),
        _verdict("wall_ms", "Wall time, milliseconds"),
        _verdict("peak_mb", "Peak resident memory, megabytes"),
        _verdict("message", "First error message, empty if none"),
    ),
)

ORACLE_RESULTS = Table(
    "oracle_results",
    "Verdicts of oracle_programs on all candidate tests; columns as test_results, outcomes in the order of "
    "candidate_tests.position.",
    "program_id",
    TEST_RESULTS.columns,
)

POLICY_PROGRAMS = Table(
    "policy_programs",
    "Programs that trained policies wrote for held-out questions, judged; columns as sampled_programs.",
    "program_id",
    SAMPLED_PROGRAMS.columns,
)

POLICY_RESULTS = Table(
    "policy_results",
    "Verdicts of policy_programs; columns as test_results.",
    "program_id",
    TEST_RESULTS.columns,
)
