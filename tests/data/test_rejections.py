"""Rows that a stage does not keep, gathered one by one or from a table."""

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import EVIDENCE_CHARACTERS, Rejections, rejected_rows
from acecoder_dagster.data.tables import REJECTED_ROWS


def test_rows_added_one_by_one_keep_their_order_their_reason_and_the_start_of_their_evidence():
    rejections = Rejections("questions", "seed")
    rejections.add("s2", None, Reason.NO_DOCSTRING, "x" * 2 * EVIDENCE_CHARACTERS)
    rejections.add("s1", "q1", Reason.NO_ARGUMENTS, "f")

    table = REJECTED_ROWS.conform(rejections.table())

    assert table.select("stage", "row_kind", "row_id", "question_id", "reason").rows() == [
        ("questions", "seed", "s2", None, "no_docstring"),
        ("questions", "seed", "s1", "q1", "no_arguments"),
    ]
    assert table["evidence"].str.len_chars().to_list() == [EVIDENCE_CHARACTERS, 1]
    assert len(rejections) == 2


def test_a_stage_that_keeps_everything_has_an_empty_table():
    assert REJECTED_ROWS.conform(Rejections("questions", "seed").table()).is_empty()


def test_rows_of_a_table_are_rejected_for_one_reason_or_each_for_its_own():
    programs = pl.DataFrame({"program_id": ["a", "b"], "question_id": ["q", "q"], "why": ["duplicate", "no_tests"]})

    same = rejected_rows(programs, "s", "program", Reason.NO_KEPT_TESTS, pl.lit(""), row_id="program_id")
    own = rejected_rows(programs, "s", "program", pl.col("why"), pl.lit("seen"), row_id="program_id")

    assert same["reason"].to_list() == ["no_kept_tests"] * 2
    assert own.select("row_id", "reason", "evidence").rows() == [("a", "duplicate", "seen"), ("b", "no_tests", "seen")]


def test_every_reason_is_one_word_for_sql_and_says_what_it_means():
    assert all(reason.isidentifier() and reason == reason.lower() for reason in Reason)
    assert all(reason.meaning[0].isupper() and not reason.meaning.endswith(".") for reason in Reason)
