"""Imported questions become rows of `questions` and `seed_functions`; their tests are listed for `candidate_rows`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import ASSERT, CALL, QUESTIONS
from acecoder_dagster.data.tests_as_rows import code_rows, io_row
from acecoder_dagster.files import ROW
from acecoder_dagster.files.columns import FILE, REVISION
from acecoder_dagster.questions.importing.editions import edition_groups
from acecoder_dagster.questions.importing.io_tests import read_io_tests
from acecoder_dagster.questions.importing.manifest import ImportManifest
from acecoder_dagster.questions.importing.python_tests import call_arguments, complete_check

_ENTRY_POINT = r"^[\p{L}_][\p{L}\p{N}_]*(\(\))?(\.[\p{L}_][\p{L}\p{N}_]*)*$"
"""A function, or one of a module or of an object: `f`, `module.f`, `Solution().f`."""

SPLITS = ("train", "validation", "test")
"""From the least to the most held-out one."""


@dataclass(frozen=True)
class ImportedQuestions:
    """The questions of an import.

    `known` has every question of the files, used or not: upstream_id, question_id, entry_point, usable.
    `official_tests` has their tests: question_id, kind, test, where; and where one cannot be used, reason and problem.
    """

    questions: pl.DataFrame
    seeds: pl.DataFrame
    rejected: pl.DataFrame
    known: pl.DataFrame
    official_tests: pl.DataFrame


def import_questions(read: pl.DataFrame, manifest: ImportManifest) -> ImportedQuestions:
    """Give the questions ids and splits; reject those without text, and those with neither function nor input."""
    ids = [
        text_id(source, upstream, question, entry_point or "")
        for source, upstream, question, entry_point in read.select(
            "source", "question_id", "question", "entry_point"
        ).iter_rows()
    ]
    read = read.rename({"question_id": "upstream_id"}).with_columns(pl.Series("question_id", ids, dtype=pl.String))
    no_question = pl.col("question").str.strip_chars() == ""
    reads_input = (pl.col("entry_point") == "") & (pl.col("io_tests") != "")
    has_entry = (pl.col("entry_point").str.contains(_ENTRY_POINT) | reads_input).fill_null(value=False)
    read = read.with_columns(
        reason=pl.when(no_question)
        .then(pl.lit(Reason.EMPTY_QUESTION))
        .when(~has_entry)
        .then(pl.lit(Reason.NO_ENTRY_POINT)),
        where=pl.format("{} row {}", FILE, ROW),
    ).with_columns(usable=pl.col("reason").is_null())
    found = (
        pl.when(no_question)
        .then(pl.lit("the question has no text"))
        .when(pl.col("entry_point").fill_null("") == "")
        .then(pl.lit("its tests call no function, and it names none"))
        .otherwise(pl.format("the entry point {} is no function's name", "entry_point"))
    )
    evidence = pl.format("{}: {}", "where", found)
    unusable = read.filter(~pl.col("usable"))
    rejected = rejected_rows(unusable, QUESTIONS.name, "question", pl.col("reason"), evidence, row_id="question_id")

    tests = _official_tests(read)
    kept = _with_seeds(read.filter("usable"), tests)
    kept = kept.with_columns(split=_splits(kept, manifest), writer=pl.lit("imported"))
    seeds = kept.select(
        "seed_id",
        "source",
        "upstream_id",
        pl.col(REVISION).alias("upstream_revision"),
        "licence",
        "split",
        pl.col("question").alias("instruction"),
        pl.col("reference_program").alias("code"),
        "entry_point",
        "argument_texts",
    )
    questions = kept.select(
        "question_id", "seed_id", "source", "upstream_id", "split", "licence", "question", "entry_point", "setup_code",
        "reference_program", "writer",
    )  # fmt: skip
    return ImportedQuestions(
        questions, seeds, rejected, read.select("upstream_id", "question_id", "entry_point", "usable"), tests
    )


def _official_tests(read: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (row["question_id"], kind, test, row["where"], reason, problem)
        for row in read.iter_rows(named=True)
        for kind, test, reason, problem in _tests_of(row)
    ]
    columns = ("question_id", "kind", "test", "where", "reason", "problem")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _tests_of(row: dict[str, Any]) -> Iterator[tuple[str, str, Reason | None, str]]:
    """Yield kind, test, reason not to use it, and what is wrong with it."""
    entry_point = row["entry_point"] or ""
    tests = row["tests"] if row["tests_faithful"] else [complete_check(row["check_code"], entry_point)]
    yield from ((ASSERT, test, None, "") for test in tests)
    if row["test_code"].strip():
        yield from ((found.kind, found.test, None, "") for found in code_rows(row["test_code"], entry_point))
    for read in read_io_tests(row["io_tests"], entry_point):
        if read.test is None:
            yield CALL, read.found, Reason.MALFORMED_IO_TEST, read.problem
        else:
            written = io_row(read.test, entry_point)
            yield written.kind, written.test, None, ""
    yield from (
        (ASSERT, test, Reason.CHALLENGE_TEST, "published as an uncounted extra") for test in row["challenge_tests"]
    )


def _with_seeds(kept: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    asserts = tests.filter(pl.col("reason").is_null(), kind=ASSERT)
    by_question = asserts.group_by("question_id", maintain_order=True).agg("test")
    texts = dict(by_question.iter_rows())
    seed_ids: list[str] = []
    arguments: list[list[str]] = []
    columns = kept.select("source", "upstream_id", "reference_program", "question_id", "entry_point")
    for source, upstream_id, code, question_id, entry_point in columns.iter_rows():
        seed_ids.append(text_id(source, upstream_id, code or ""))
        found = [call_arguments(test, entry_point) for test in texts.get(question_id, [])]
        arguments.append([text for text in found if text is not None])
    return kept.with_columns(
        pl.Series("seed_id", seed_ids, dtype=pl.String),
        pl.Series("argument_texts", arguments, dtype=pl.List(pl.String)),
    )


def _splits(kept: pl.DataFrame, manifest: ImportManifest) -> pl.Series:
    """Return each question's split.

    Editions of one question (MBPP and its sanitized part) must not meet across splits: they are hashed together, and
    one whose own split is not known goes to the most held-out split of the others.
    """
    keeps = pl.col("split").is_in(SPLITS) & (manifest.split == "keep")
    grouped = kept.select(
        pl.Series("group", edition_groups(kept["entry_point"].to_list(), kept["question"].to_list()), dtype=pl.String),
        own=pl.when(keeps).then("split"),
    )
    test_share = {"train": 0.0, "test": 1.0}.get(manifest.split)
    groups = grouped.group_by("group").agg(pl.col("own").drop_nulls().unique()).iter_rows()
    splits = {
        group: max(own, key=SPLITS.index) if own else manifest.split_by_hash(group, test_share) for group, own in groups
    }
    return grouped.select(split=pl.coalesce("own", pl.col("group").replace_strict(splits, return_dtype=pl.String)))[
        "split"
    ]
