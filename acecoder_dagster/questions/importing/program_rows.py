"""Imported programs become rows of `sampled_programs`."""

import polars as pl

from acecoder_dagster.data.lake import syntax_hash, text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import SAMPLED_PROGRAMS
from acecoder_dagster.files import ROW
from acecoder_dagster.files.columns import FILE
from acecoder_dagster.questions.importing.question_rows import ImportedQuestions

ID_FIELDS = ("model", "model_revision", "sample_index", "program")
"""Hashed, after the question's id, into a program's id."""


def import_programs(imported: ImportedQuestions, read: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the programs that answer an imported question, in the order of the files, and the rejected ones.

    Rejected are programs of unknown or rejected questions, empty ones, and the same program of the same model with the
    same number a second time.
    """
    known = imported.known.select(upstream_question="upstream_id", known_question="question_id", usable="usable")
    frame = read.rename({"question_id": "upstream_question", "program_id": "upstream_id"}).join(
        known, on="upstream_question", how="left", maintain_order="left"
    )
    question = pl.coalesce("known_question", "upstream_question")
    hashed = frame.select(question, *(pl.col(name).cast(pl.String) for name in ID_FIELDS))
    frame = frame.with_columns(
        pl.Series("program_id", [text_id(*fields) for fields in hashed.iter_rows()], dtype=pl.String)
    )
    reason = (
        pl.when(pl.col("known_question").is_null())
        .then(pl.lit(Reason.UNKNOWN_QUESTION))
        .when(~pl.col("usable"))
        .then(pl.lit(Reason.QUESTION_REJECTED))
        .when(pl.col("program").str.strip_chars() == "")
        .then(pl.lit(Reason.EMPTY_PROGRAM))
        .when(~pl.col("program_id").is_first_distinct())
        .then(pl.lit(Reason.DUPLICATE))
    )
    frame = frame.with_columns(reason=reason)
    evidence = pl.format(
        "{} row {}: program {} of {} for question {}",
        FILE, ROW, pl.coalesce("upstream_id", pl.col("sample_index").cast(pl.String)), "model", "upstream_question",
    )  # fmt: skip
    rejected = rejected_rows(
        frame.filter(pl.col("reason").is_not_null()),
        SAMPLED_PROGRAMS.name,
        "program",
        pl.col("reason"),
        evidence,
        row_id="program_id",
        question_id="known_question",
    )
    kept = frame.filter(pl.col("reason").is_null()).with_columns(question_id="known_question")
    sampled_here = ("completion", "finish_reason", "prompt_hash", "prompt_tokens", "completion_tokens")
    nulls = {name: pl.lit(None, dtype=SAMPLED_PROGRAMS.schema[name]) for name in sampled_here}
    hashes = pl.Series("syntax_hash", map(syntax_hash, kept["program"]), dtype=pl.String)
    return kept.with_columns(hashes, **nulls).select(SAMPLED_PROGRAMS.schema.names()), rejected
