"""The tables of the pipeline: names, columns, types and what they mean.

This is the one data model. The lake refuses rows that do not fit it, Dagster shows it, the warehouse takes its comments
from it. Column types are Polars types. Every id is a hash (`lake.keys.text_id`) of the fields that its description
names.
"""

from acecoder_dagster.data.tables.benchmarks import (
    BENCHMARK_BEST_OF_N,
    BENCHMARK_PROGRAMS,
    BENCHMARK_RESULTS,
    BENCHMARK_REWARDS,
    LEADERBOARD,
)
from acecoder_dagster.data.tables.evaluation import BENCHMARK_SCORES, BEST_OF_N, PROGRAM_SCORES
from acecoder_dagster.data.tables.programs import (
    ORACLE_RESULTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
    UNUSABLE_OUTCOMES,
)
from acecoder_dagster.data.tables.questions import QUESTIONS, SEED_FUNCTIONS, WRITER_ANSWERS
from acecoder_dagster.data.tables.rejected import REJECTED_ROWS
from acecoder_dagster.data.tables.table import FLAG, REAL, TEXT, WHOLE, Column, Table, TableError
from acecoder_dagster.data.tables.tests import (
    ASSERT,
    CALL,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    OFFICIAL,
    ORACLE_PROGRAMS,
    STDIN,
    TEST_KINDS,
    TEST_QUALITY,
    UNITTEST,
)
from acecoder_dagster.data.tables.training import (
    ACECODE_DATASET,
    HARD_QUESTIONS,
    PREFERENCE_PAIRS,
    ROLLOUTS,
    TRAINING_CURVES,
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

BENCHMARK_TABLES = (BENCHMARK_PROGRAMS, BENCHMARK_RESULTS, BENCHMARK_REWARDS, LEADERBOARD, BENCHMARK_BEST_OF_N)
"""Tables partitioned by model and standard benchmark."""

ALL_TABLES = BATCH_TABLES + WHOLE_TABLES + BENCHMARK_TABLES

__all__ = [
    "ACECODE_DATASET",
    "ALL_TABLES",
    "ASSERT",
    "BATCH_TABLES",
    "BENCHMARK_BEST_OF_N",
    "BENCHMARK_PROGRAMS",
    "BENCHMARK_RESULTS",
    "BENCHMARK_REWARDS",
    "BENCHMARK_SCORES",
    "BENCHMARK_TABLES",
    "BEST_OF_N",
    "CALL",
    "CANDIDATE_TESTS",
    "FILTERED_TESTS",
    "FLAG",
    "HARD_QUESTIONS",
    "LEADERBOARD",
    "OFFICIAL",
    "ORACLE_PROGRAMS",
    "ORACLE_RESULTS",
    "POLICY_PROGRAMS",
    "POLICY_RESULTS",
    "PREFERENCE_PAIRS",
    "PROGRAM_SCORES",
    "QUESTIONS",
    "REAL",
    "REJECTED_ROWS",
    "ROLLOUTS",
    "SAMPLED_PROGRAMS",
    "SEED_FUNCTIONS",
    "STDIN",
    "TEST_KINDS",
    "TEST_QUALITY",
    "TEST_RESULTS",
    "TEXT",
    "TRAINING_CURVES",
    "UNITTEST",
    "UNUSABLE_OUTCOMES",
    "WHOLE",
    "WHOLE_TABLES",
    "WRITER_ANSWERS",
    "Column",
    "Table",
    "TableError",
]
