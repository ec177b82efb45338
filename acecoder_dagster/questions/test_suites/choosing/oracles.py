"""Reference programs as oracles."""

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.tables import ORACLE_PROGRAMS, REJECTED_ROWS

MODEL = "reference"
STAGE = "oracle_programs"


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
    rejected = questions.filter(~has_reference).select(
        stage=pl.lit(STAGE),
        row_kind=pl.lit("question"),
        row_id="question_id",
        question_id="question_id",
        reason=pl.lit("question has no reference program"),
        evidence=pl.lit("setting tests.policy = 'reference' needs one"),
    )
    return ORACLE_PROGRAMS.conform(programs), REJECTED_ROWS.conform(rejected)
