"""Reference programs as oracle programs."""

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import ORACLE_PROGRAMS

MODEL = "reference"


def reference_oracles(questions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the questions' reference programs as oracle programs, and the questions that have none.

    Args:
        questions: columns question_id, reference_program.

    Returns:
        Rows of ORACLE_PROGRAMS and of REJECTED_ROWS; together as many as questions.
    """
    has_reference = pl.col("reference_program").is_not_null()
    known = questions.filter(has_reference)
    ids = [
        text_id(question_id, MODEL, "0", program)
        for question_id, program in known.select("question_id", "reference_program").iter_rows()
    ]
    programs = known.select(
        pl.Series("program_id", ids, dtype=pl.String),
        "question_id",
        pl.lit(MODEL).alias("model"),
        pl.lit(0).alias("sample_index"),
        pl.col("reference_program").alias("program"),
    )
    rejected = rejected_rows(
        questions.filter(~has_reference),
        ORACLE_PROGRAMS.name,
        "question",
        Reason.NO_REFERENCE_PROGRAM,
        pl.lit("setting tests.policy = 'reference' needs one"),
        row_id="question_id",
    )
    return ORACLE_PROGRAMS.conform(programs), rejected
