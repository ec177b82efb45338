"""Collecting the rows that an import does not keep."""

import polars as pl

from acecoder_dagster.data.tables import REJECTED_ROWS

STAGES = {"question": "questions", "test": "candidate_tests", "program": "sampled_programs"}
"""The asset at which a rejected row of each kind would have entered."""

EVIDENCE_CHARACTERS = 400


class Rejections:
    """Rejected rows, gathered one by one or as tables."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str | None, str, str]] = []
        self._frames: list[pl.DataFrame] = [REJECTED_ROWS.empty()]

    def add(self, kind: str, row_id: str, question_id: str | None, reason: str, evidence: str) -> None:
        """Add one row."""
        self._rows.append((STAGES[kind], kind, row_id, question_id, reason, evidence[:EVIDENCE_CHARACTERS]))

    def add_frame(self, kind: str, frame: pl.DataFrame) -> None:
        """Add rows that have row_id, question_id, reason and evidence."""
        rows = frame.with_columns(
            stage=pl.lit(STAGES[kind]),
            row_kind=pl.lit(kind),
            evidence=pl.col("evidence").str.slice(0, EVIDENCE_CHARACTERS),
        )
        self._frames.append(rows.select(REJECTED_ROWS.schema.names()).cast(REJECTED_ROWS.schema))

    def table(self) -> pl.DataFrame:
        """Return everything added, as `REJECTED_ROWS`."""
        return pl.concat([*self._frames, pl.DataFrame(self._rows, schema=REJECTED_ROWS.schema, orient="row")])
