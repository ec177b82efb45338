"""A lake of generated rows at any scale: the sizes and shares of the paper, no real programs."""

import numpy as np
import polars as pl

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
    Table,
)

BATCH_QUESTIONS = 1000
MEAN_TESTS = 15.6
WRITTEN_TESTS = 20
BODIES = 2000
VARIANTS = 40
"""Different programs from which those of one question are drawn, so that some are the same."""


def write_generated_lake(lake: Lake, questions: int, programs_per_question: int, seed: int = 0) -> None:
    """Write questions, tests, programs and verdicts, in batches of 1,000 questions."""
    bodies = _bodies(np.random.default_rng(seed))
    for start in range(0, questions, BATCH_QUESTIONS):
        rng = np.random.default_rng((seed, start))
        numbers = np.arange(start, min(start + BATCH_QUESTIONS, questions))
        tests = rng.binomial(WRITTEN_TESTS, MEAN_TESTS / WRITTEN_TESTS, len(numbers)).clip(5)
        variants = rng.integers(0, VARIANTS, (len(numbers), programs_per_question))
        batch = f"generated-{start // BATCH_QUESTIONS:04d}"
        candidates, kept = _tests(numbers, np.full_like(tests, WRITTEN_TESTS)), _tests(numbers, tests)
        for table, rows, rejected in (
            (QUESTIONS, _questions(numbers), None),
            (CANDIDATE_TESTS, candidates, None),
            (FILTERED_TESTS, kept, _rejected(candidates.join(kept, on="test_id", how="anti"))),
            (SAMPLED_PROGRAMS, _programs(numbers, variants, bodies), None),
            (TEST_RESULTS, _results(rng, numbers, tests, variants), None),
        ):
            complete, figures = _complete(table, rows), {"rows_in": rows.height}
            lake.write(table, batch, complete, content_key="generated", rejected=rejected, figures=figures)


def _bodies(rng: np.random.Generator) -> pl.Series:
    lines = [f"    value_{n} = (a + {n}) * b - {n % 7}  # step {n}\n" for n in range(500)]
    return pl.Series(
        [
            '    """Compute."""\n' + "".join(lines[n] for n in rng.integers(0, 500, 10)) + "    return a\n"
            for _ in range(BODIES)
        ]
    )


def _ids(kind: str, *numbers: np.ndarray) -> pl.Series:
    """Return ids as long and as random as real ones."""
    frame = pl.DataFrame({str(n): values for n, values in enumerate(numbers)})
    hashed = frame.select(pl.struct(pl.all(), pl.lit(kind)).hash(seed=1)).to_series()
    return pl.Series([f"{value:016x}" for value in hashed])


def _questions(numbers: np.ndarray) -> pl.DataFrame:
    text = "Write a function that computes a number from two numbers, as told in the following steps. " * 8
    return pl.DataFrame({"question_id": _ids("question", numbers), "number": numbers}).select(
        "question_id",
        source=pl.lit("generated"),
        upstream_id=pl.col("number").cast(pl.String),
        split=pl.when(pl.col("number") % 20 == 0).then(pl.lit("test")).otherwise(pl.lit("train")),
        question=pl.concat_str(pl.lit(text), pl.col("number").cast(pl.String)),
    )


def _tests(numbers: np.ndarray, counts: np.ndarray) -> pl.DataFrame:
    question = np.repeat(numbers, counts)
    position = np.concatenate([np.arange(count) for count in counts])
    return pl.DataFrame(
        {
            "test_id": _ids("test", question, position),
            "question_id": _ids("question", numbers).gather(np.repeat(np.arange(len(numbers)), counts)),
            "position": position,
            "times_written": 1,
        }
    ).with_columns(test=pl.format("assert f({}, 2) == {}", "position", pl.col("position") * 3))


def _rejected(tests: pl.DataFrame) -> pl.DataFrame:
    return tests.select(
        stage=pl.lit(FILTERED_TESTS.name),
        row_kind=pl.lit("test"),
        row_id="test_id",
        question_id="question_id",
        reason=pl.lit("oracle_failed"),
        evidence="test",
    )


def _programs(numbers: np.ndarray, variants: np.ndarray, bodies: pl.Series) -> pl.DataFrame:
    return _program_ids(numbers, variants).select(
        "program_id",
        "question_id",
        "sample_index",
        model=pl.lit("generated"),
        program=pl.format("def f_{}(a, b):\n{}", "number", bodies.gather(body := _body(numbers, variants).ravel())),
        syntax_hash=_ids("syntax", body),
    )


def _body(numbers: np.ndarray, variants: np.ndarray) -> np.ndarray:
    bodies: np.ndarray = (numbers[:, None] * VARIANTS + variants) % BODIES
    return bodies


def _program_ids(numbers: np.ndarray, variants: np.ndarray) -> pl.DataFrame:
    each = variants.shape[1]
    number, index = np.repeat(numbers, each), np.tile(np.arange(each), len(numbers))
    question_ids = _ids("question", numbers).gather(np.repeat(np.arange(len(numbers)), each))
    return pl.DataFrame(
        {
            "program_id": _ids("program", number, index),
            "question_id": question_ids,
            "sample_index": index,
            "number": number,
        }
    )


def _results(rng: np.random.Generator, numbers: np.ndarray, tests: np.ndarray, variants: np.ndarray) -> pl.DataFrame:
    """Return verdicts: every variant of a question passes a random share of its tests, some pass all."""
    right = rng.random((len(numbers), VARIANTS)) < rng.beta(0.6, 0.6, (len(numbers), 1))
    chance = np.where(right, 1.0, rng.random((len(numbers), VARIANTS)))
    passes = rng.random((len(numbers), VARIANTS, tests.max())) <= chance[:, :, None]
    passed = [list(row[:kept]) for kept, chosen, of in zip(tests, variants, passes, strict=True) for row in of[chosen]]
    return (
        _program_ids(numbers, variants)
        .drop("sample_index", "number")
        .with_columns(
            passed=pl.Series(passed, dtype=pl.List(pl.Boolean)),
            tests_kept=np.repeat(tests, variants.shape[1]),
            tests_written=pl.lit(WRITTEN_TESTS),
        )
        .with_columns(
            outcomes=pl.col("passed").list.eval(
                pl.when(pl.element()).then(pl.lit("passed")).otherwise(pl.lit("failed"))
            ),
            sealed="passed",
            tests_passed=pl.col("passed").list.sum().cast(pl.Int64),
        )
        .with_columns(
            verdict=pl.when(pl.col("tests_passed") == pl.col("tests_kept"))
            .then(pl.lit("passed"))
            .otherwise(pl.lit("failed")),
            pass_rate=pl.col("tests_passed") / pl.col("tests_kept"),
        )
    )


def _complete(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the table's other columns, empty or zero."""
    missing = [column for column in table.columns if column.name not in rows.columns]
    blank: dict[object, object] = {pl.String: "", pl.Int64: 0, pl.Float64: 0.0}
    return rows.with_columns(
        pl.lit(blank[type(column.dtype)], dtype=column.dtype).alias(column.name) for column in missing
    ).select(list(table.schema))
