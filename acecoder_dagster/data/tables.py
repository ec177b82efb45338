"""The tables of the pipeline: names, columns, types and what they mean.

This is the one data model. The lake refuses rows that do not fit it, Dagster shows it, the warehouse comments with it.
Column types are Polars types; every id is a content hash (`lake.keys.text_id`) of the fields its description names.
"""

from dataclasses import dataclass

import polars as pl

from acecoder_dagster import AceCoderError
from acecoder_dagster.judge import Outcome


class TableError(AceCoderError, ValueError):
    """Rows do not have the columns and types of their table."""


@dataclass(frozen=True)
class Column:
    """One column: name, Polars type, meaning, and whether it may be null.

    `default` is the value of rows that do not say, such as those of files from before there was the column.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    description: str
    nullable: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """One table: its name is also the name of the asset and of the folder that hold it."""

    name: str
    description: str
    key: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """Polars schema of the table, in column order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema)

    def with_defaults(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the defaults of the columns that have one, where rows do not say."""
        defaults = {column.name: pl.lit(column.default) for column in self.columns if column.default is not None}
        return rows.with_columns(
            pl.col(name).fill_null(default) if name in rows.columns else default.alias(name)
            for name, default in defaults.items()
        )

    def conform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the table's columns in the table's order, with defaults where rows do not say.

        Raises:
            TableError: when a column without a default is missing, unknown, of another type, null where it may not be,
                or when the key is not unique.
        """
        rows = self.with_defaults(rows)
        missing = [name for name in self.schema if name not in rows.columns]
        unknown = [name for name in rows.columns if name not in self.schema]
        if missing or unknown:
            raise TableError(f"table {self.name}: missing columns {missing}, unknown columns {unknown}")
        rows = rows.select(list(self.schema))
        try:
            rows = rows.cast(self.schema)
        except pl.exceptions.PolarsError as error:
            raise TableError(f"table {self.name}: {error}") from error
        for column in self.columns:
            nulls = rows[column.name].null_count()
            if nulls and not column.nullable:
                raise TableError(f"table {self.name}: column {column.name} is null in {nulls} rows")
        if self.key and rows[self.key].n_unique() != rows.height:
            twice = rows.filter(pl.col(self.key).is_duplicated())[self.key][0]
            raise TableError(f"table {self.name}: {self.key} {twice!r} occurs more than once")
        return rows


TEXT = pl.String()
WHOLE = pl.Int64()
REAL = pl.Float64()
FLAG = pl.Boolean()

SEED_FUNCTIONS = Table(
    "seed_functions",
    "Code to write questions from. One row per function or imported question.",
    "seed_id",
    (
        Column("seed_id", TEXT, "Hash of source, upstream_id and code"),
        Column("source", TEXT, "Where the seed comes from: data set name, folder, or `procedural`"),
        Column("upstream_id", TEXT, "Id of the row in its source"),
        Column("upstream_revision", TEXT, "Revision or file hash of the source"),
        Column("licence", TEXT, "SPDX licence identifier of the code, or the words of the source"),
        Column("split", TEXT, "train, validation or test; everything made from this seed keeps it"),
        Column("instruction", TEXT, "What the code does, in words", nullable=True),
        Column("code", TEXT, "The seed code; null where an imported question has none", nullable=True),
        Column("entry_point", TEXT, "Name of the function that the question will be about"),
        Column("argument_texts", pl.List(TEXT), "Python source of argument lists to call it with, one per test"),
    ),
)

WRITER_ANSWERS = Table(
    "writer_answers",
    "What a language model answered when it was asked for questions. One row per seed that it was asked about.",
    "seed_id",
    (
        Column("seed_id", TEXT, "Seed it was asked about"),
        Column("request_key", TEXT, "Hash of messages, schema, seed, model and sampling: equal requests are paid once"),
        Column("prompt", TEXT, "Name of the prompt file"),
        Column("prompt_hash", TEXT, "Hash of its text"),
        Column("model", TEXT, "Model that answered, in the endpoint's words"),
        Column("answer", TEXT, "Its words; null where it did not answer", nullable=True),
        Column("problem", TEXT, "Why there is no answer, null where there is one", nullable=True),
        Column("finish_reason", TEXT, "stop, length, or what else the endpoint says", nullable=True),
        Column("prompt_tokens", WHOLE, "Tokens of the request, null where the endpoint does not say", nullable=True),
        Column("completion_tokens", WHOLE, "Tokens of the answer, likewise", nullable=True),
        Column("attempts", WHOLE, "How often it was asked, with repetitions after errors"),
        Column("seconds", REAL, "From the first attempt to the answer"),
        Column("reused", pl.Boolean(), "Whether the answer had been paid for by an earlier run"),
        Column("cost", REAL, "Price of the answer by the prices of the profile, paid once"),
    ),
)

QUESTIONS = Table(
    "questions",
    "Coding questions, each answered by one function.",
    "question_id",
    (
        Column("question_id", TEXT, "Hash of source, upstream_id, question and entry_point"),
        Column("seed_id", TEXT, "Seed it was written from"),
        Column("source", TEXT, "Where it comes from: data set name or `procedural`"),
        Column("upstream_id", TEXT, "Id of the row in its source, e.g. HumanEval/0"),
        Column("split", TEXT, "train, validation or test"),
        Column("licence", TEXT, "SPDX licence identifier, or the words of the source"),
        Column("question", TEXT, "The text that a model is given"),
        Column("entry_point", TEXT, "Function or class to write; empty where programs read standard input"),
        Column("setup_code", TEXT, "Code that runs before the tests, empty for most"),
        Column("reference_program", TEXT, "A trusted right answer", nullable=True),
        Column("writer", TEXT, "Model that wrote the question, `procedural` or `imported`"),
    ),
)

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

UNUSABLE_OUTCOMES = (Outcome.JUDGE_ERROR.value, Outcome.UNSTABLE.value)
"""Outcomes that come from the judge or the clock, not from the program."""

TEST_RESULTS = Table(
    "test_results",
    "Verdicts: one row per program, outcomes as lists in the order of filtered_tests.position.",
    "program_id",
    (
        Column("program_id", TEXT, "Program judged"),
        Column("question_id", TEXT, "Question it answers"),
        Column("verdict", TEXT, "passed, or the first outcome that is not"),
        Column("outcomes", pl.List(TEXT), f"One per kept test: {', '.join(Outcome)}"),
        Column("passed", pl.List(pl.Boolean()), "One per kept test"),
        Column("sealed", pl.List(pl.Boolean()), "Whether the program could not reach the comparison, per test"),
        Column("tests_passed", WHOLE, "Number of kept tests passed"),
        Column("tests_kept", WHOLE, "Number of kept tests of the question"),
        Column(
            "tests_written",
            WHOLE,
            "Number of candidate tests of the question, with those that adversarial rounds added",
        ),
        Column(
            "pass_rate",
            REAL,
            "tests_passed / tests_kept (the paper); the released code divides by tests_written",
        ),
        Column("cpu_ms", REAL, "CPU time of the program over all its tests, milliseconds"),
        Column("wall_ms", REAL, "Wall time, milliseconds"),
        Column("peak_mb", REAL, "Peak resident memory, megabytes"),
        Column("message", TEXT, "First error message, empty if none"),
    ),
)

ACECODE_DATASET = Table(
    "acecode_dataset",
    "The published AceCode-87K schema (id, source, question, test_cases, inferences) and our question_id and split. "
    "Questions whose tests are not asserts do not fit it and are rejected.",
    "id",
    (
        Column("id", TEXT, "<source>_<upstream_id>"),
        Column("question_id", TEXT, "Our id of the question"),
        Column("source", TEXT, "Source of the question"),
        Column("split", TEXT, "train, validation or test"),
        Column("question", TEXT, "The question"),
        Column("test_cases", pl.List(TEXT), "Kept tests"),
        Column(
            "inferences",
            pl.List(pl.Struct({"model_name": TEXT, "completion_id": WHOLE, "completion": TEXT, "pass_rate": REAL})),
            "Judged programs with their pass rates",
        ),
        Column("context_messages", pl.List(pl.Struct({"content": TEXT, "role": TEXT})), "The question as a chat"),
        Column("licence", TEXT, "Licence of the question"),
    ),
)

PREFERENCE_PAIRS = Table(
    "preference_pairs",
    "Pairs of programs of one question, the first better than the second (paper, equation 3).",
    "pair_id",
    (
        Column("pair_id", TEXT, "chosen_program_id and rejected_program_id, joined by `-`"),
        Column("question_id", TEXT, "Question both answer"),
        Column("split", TEXT, "Split of the question"),
        Column("chosen_program_id", TEXT, "The better program"),
        Column("rejected_program_id", TEXT, "The worse program"),
        Column("chosen_pass_rate", REAL, "Its pass rate under the rule's denominator"),
        Column("rejected_pass_rate", REAL, "Its pass rate under the rule's denominator"),
        Column("weight", REAL, "Weight of the pair in the loss"),
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
            "validity, true_positives, true_negatives, mutation_kill, coverage, flaky; and how labelled programs fail",
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

HARD_QUESTIONS = Table(
    "hard_questions",
    "Questions chosen for reinforcement learning.",
    "question_id",
    (
        Column("question_id", TEXT, "Question chosen"),
        Column("split", TEXT, "train (rollouts) or validation (choice of the checkpoint)"),
        Column("mean_pass_rate", REAL, "Mean pass rate of its sampled programs"),
        Column("std_pass_rate", REAL, "Standard deviation of their pass rates"),
        Column("pass_share", REAL, "Share of its sampled programs that pass all tests"),
    ),
)

ROLLOUTS = Table(
    "rollouts",
    "Every program that a policy wrote while it was trained, with its rewards.",
    "",
    (
        Column("model", TEXT, "Policy trained: policy_rule or policy_reward_model"),
        Column("step", WHOLE, "Optimiser step that it was written for, from 1"),
        Column("question_id", TEXT, "Question it answers"),
        Column("completion_index", WHOLE, "Which of the completions of its question in that step, from 0"),
        Column("prompt", TEXT, "What the policy was given"),
        Column("completion", TEXT, "What it wrote"),
        Column("program", TEXT, "The program in it"),
        Column("completion_tokens", WHOLE, "Tokens written"),
        Column("truncated", FLAG, "Whether it was cut at the longest length"),
        Column("reward", REAL, "Its reward; null where judge or reward model could not tell", nullable=True),
        Column("pass_rate", REAL, "Share of tests passed; null where the judge could not decide", nullable=True),
        Column("official_pass_rate", REAL, "The same over official tests; null where there are none", nullable=True),
        Column("outcomes", pl.List(TEXT), "Outcome of every test"),
        Column("reward_model_score", REAL, "Raw score; null where no reward model is the reward", nullable=True),
        Column("advantage", REAL, "Mean over its tokens; null where it was not trained on", nullable=True),
        Column("kl", REAL, "Mean log ratio to the starting policy; null where there is no KL", nullable=True),
        Column("trained", FLAG, "Whether the step learned from it; groups of equal rewards teach nothing"),
    ),
)

TRAINING_CURVES = Table(
    "training_curves",
    "What every training reported, step by step.",
    "",
    (
        Column("model", TEXT, "base_policy, reward_model, policy_rule or policy_reward_model"),
        Column("step", WHOLE, "Optimiser step, from 1"),
        Column("figure", TEXT, "loss, reward, entropy, kl, validation_pass_at_1, ..."),
        Column("value", REAL, "Its value"),
    ),
)

POLICY_PROGRAMS = Table(
    "policy_programs",
    "Programs that trained policies wrote for held-out questions, judged; columns as sampled_programs.",
    "program_id",
    SAMPLED_PROGRAMS.columns,
)

ORACLE_RESULTS = Table(
    "oracle_results",
    "Verdicts of oracle_programs on all candidate tests; columns as test_results, outcomes in the order of "
    "candidate_tests.position.",
    "program_id",
    TEST_RESULTS.columns,
)

POLICY_RESULTS = Table(
    "policy_results",
    "Verdicts of policy_programs; columns as test_results.",
    "program_id",
    TEST_RESULTS.columns,
)

PROGRAM_SCORES = Table(
    "program_scores",
    "Reward-model scores of the sampled programs of held-out questions.",
    "program_id",
    (
        Column("program_id", TEXT, "Program scored"),
        Column("question_id", TEXT, "Question it answers"),
        Column("score", REAL, "Reward-model score; only differences within a question mean something"),
    ),
)

BEST_OF_N = Table(
    "best_of_n",
    "Share of held-out questions solved when one of N sampled programs is chosen, by method.",
    "",
    (
        Column("n", WHOLE, "Programs to choose from"),
        Column("method", TEXT, "average, greedy, majority, generated_tests, reward_model or oracle"),
        Column("solved", REAL, "Share of questions whose chosen program passes all tests"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by question)"),
        Column("high", REAL, "Upper end"),
        Column("gain", REAL, "solved minus that of `average`, paired by question"),
        Column("gain_low", REAL, "Lower end of its 95% interval"),
        Column("gain_high", REAL, "Upper end"),
        Column("questions", WHOLE, "Held-out questions counted"),
    ),
)

BENCHMARK_SCORES = Table(
    "benchmark_scores",
    "pass@1 of the policies on held-out questions, before and after reinforcement learning.",
    "",
    (
        Column("model", TEXT, "base_policy, policy_rule or policy_reward_model"),
        Column("metric", TEXT, "pass@1 by sampling, or pass@k"),
        Column("solved", REAL, "Value, 0 to 1"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by question)"),
        Column("high", REAL, "Upper end"),
        Column("gain", REAL, "Value minus that of base_policy, paired by question"),
        Column("gain_low", REAL, "Lower end of its 95% interval"),
        Column("gain_high", REAL, "Upper end"),
        Column("questions", WHOLE, "Held-out questions counted"),
    ),
)

REJECTED_ROWS = Table(
    "rejected_rows",
    "Rows that a stage did not keep, with the reason. Every stage keeps its own, beside its table.",
    "",
    (
        Column("stage", TEXT, "Asset that rejected the row"),
        Column("row_kind", TEXT, "What the row is: seed, question, test, program, pair"),
        Column("row_id", TEXT, "Its id"),
        Column("question_id", TEXT, "Question it belongs to", nullable=True),
        Column("reason", TEXT, "Why it was not kept: a value of rejection_reasons"),
        Column("evidence", TEXT, "What was seen of this row"),
    ),
)

BATCH_TABLES = (
    SEED_FUNCTIONS,
    WRITER_ANSWERS,
    QUESTIONS,
    CANDIDATE_TESTS,
    ORACLE_PROGRAMS,
    ORACLE_RESULTS,
    FILTERED_TESTS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
"""Tables partitioned by seed batch, in the order in which the data travels."""

WHOLE_TABLES = (
    TEST_QUALITY,
    ACECODE_DATASET,
    PREFERENCE_PAIRS,
    HARD_QUESTIONS,
    ROLLOUTS,
    TRAINING_CURVES,
    PROGRAM_SCORES,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    BEST_OF_N,
    BENCHMARK_SCORES,
)
"""Tables without partitions."""

ALL_TABLES = BATCH_TABLES + WHOLE_TABLES
