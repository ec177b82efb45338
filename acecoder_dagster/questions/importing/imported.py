"""The result of an import: tables of `data/tables`, and the counts that prove nothing was lost."""

from dataclasses import dataclass, fields

import polars as pl

from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    QUESTIONS,
    REJECTED_ROWS,
    SAMPLED_PROGRAMS,
    SEED_FUNCTIONS,
    Table,
)
from acecoder_dagster.questions.importing.manifest import ImportManifest

ROW_KINDS = {"question": "questions", "test": "candidate_tests", "program": "programs"}
"""Kinds of imported rows, and where `ImportedTables` keeps them."""


@dataclass(frozen=True)
class RowCount:
    """Rows of one kind: as found in the files, kept, rejected."""

    rows_in: int
    kept: int
    rejected: int


@dataclass(frozen=True)
class ImportedTables:
    """Imported rows, of a whole import or of one batch. There is one seed for each question."""

    seeds: pl.DataFrame
    questions: pl.DataFrame
    candidate_tests: pl.DataFrame
    programs: pl.DataFrame
    rejected: pl.DataFrame

    def counts(self) -> dict[str, RowCount]:
        """Return the counts by kind of row: question, test, program."""
        rejected = dict(self.rejected.group_by("row_kind").len().iter_rows())
        kept = {kind: getattr(self, name).height for kind, name in ROW_KINDS.items()}
        return {kind: RowCount(kept[kind] + rejected.get(kind, 0), kept[kind], rejected.get(kind, 0)) for kind in kept}

    def reasons(self) -> pl.DataFrame:
        """Return how many rows were rejected: row_kind, reason, rows."""
        return self.rejected.group_by("row_kind", "reason").len("rows").sort("row_kind", "reason")

    def batches(self, manifest: ImportManifest) -> dict[str, "ImportedTables"]:
        """Deal the questions to the batches of the manifest in order; all other rows go with their question.

        Rejected rows of questions that were not imported go to the first batch.
        """
        dealt = self.questions.select("question_id", "seed_id").with_row_index("number")
        dealt = dealt.with_columns(number=pl.col("number") // manifest.questions_per_batch)
        questions = dealt.select("question_id", "number")
        parts = {
            "seeds": _dealt(self.seeds, dealt.select("seed_id", "number"), "seed_id"),
            "questions": _dealt(self.questions, questions, "question_id"),
            "candidate_tests": _dealt(self.candidate_tests, questions, "question_id"),
            "programs": _dealt(self.programs, questions, "question_id"),
            "rejected": _dealt(self.rejected, questions, "question_id"),
        }
        numbers = dealt["number"].unique().sort()
        return {
            manifest.batch(number): ImportedTables(
                **{part: frame.filter(number=number).drop("number") for part, frame in parts.items()}
            )
            for number in numbers
        }


IMPORTED_TABLES: dict[str, Table] = {
    "seeds": SEED_FUNCTIONS,
    "questions": QUESTIONS,
    "candidate_tests": CANDIDATE_TESTS,
    "programs": SAMPLED_PROGRAMS,
    "rejected": REJECTED_ROWS,
}
"""The table that each field of `ImportedTables` conforms to."""

assert set(IMPORTED_TABLES) == {field.name for field in fields(ImportedTables)}


def _dealt(frame: pl.DataFrame, numbers: pl.DataFrame, key: str) -> pl.DataFrame:
    joined = frame.join(numbers, on=key, how="left", maintain_order="left")
    return joined.with_columns(pl.col("number").fill_null(0))
