"""The table of the rows that stages do not keep."""

from acecoder_dagster.data.tables.table import TEXT, Column, Table

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
