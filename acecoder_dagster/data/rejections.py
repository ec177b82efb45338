"""Rejected rows: what a stage did not keep, with the reason and what was seen."""

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.tables import REJECTED_ROWS

EVIDENCE_CHARACTERS = 500
"""Longer evidence is cut off."""


class Rejections:
    """Gathers the rows of one kind that one stage does not keep."""

    def __init__(self, stage: str, row_kind: str) -> None:
        """Start with none.

        Args:
            stage: name of the table that the rows would have gone to.
            row_kind: what the rows are: seed, question, test, program or pair.
        """
        self._stage = stage
        self._row_kind = row_kind
        self._rows: list[tuple[str, str, str, str | None, Reason, str]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row_id: str, question_id: str | None, reason: Reason, evidence: str) -> None:
        """Add one row.

        Args:
            row_id: its id.
            question_id: the question that it belongs to, if it is known.
            reason: why it is not kept.
            evidence: what was seen.
        """
        self._rows.append((self._stage, self._row_kind, row_id, question_id, reason, evidence[:EVIDENCE_CHARACTERS]))

    def table(self) -> pl.DataFrame:
        """Return the rows added (columns of REJECTED_ROWS), in their order."""
        return pl.DataFrame(self._rows, schema=REJECTED_ROWS.schema, orient="row")


def rejected_rows(
    rows: pl.DataFrame,
    stage: str,
    row_kind: str,
    reason: Reason | pl.Expr,
    evidence: pl.Expr,
    *,
    row_id: str,
    question_id: str = "question_id",
) -> pl.DataFrame:
    """Return the rows of a table as rejected ones (columns of REJECTED_ROWS).

    Args:
        rows: rows that a stage does not keep.
        stage: name of the table that the rows would have gone to.
        row_kind: what the rows are: seed, question, test, program or pair.
        reason: why they are not kept; an expression of values of `Reason` where they differ in it.
        evidence: what was seen.
        row_id: the column with the ids of the rows.
        question_id: the column with their questions.
    """
    return REJECTED_ROWS.conform(
        rows.select(
            stage=pl.lit(stage),
            row_kind=pl.lit(row_kind),
            row_id=row_id,
            question_id=question_id,
            reason=pl.lit(reason) if isinstance(reason, Reason) else reason,
            evidence=evidence.str.slice(0, EVIDENCE_CHARACTERS),
        )
    )
