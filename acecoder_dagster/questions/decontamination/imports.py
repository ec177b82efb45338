"""Imported questions that come from a benchmark, taken out of an import with their tests and programs."""

from collections.abc import Callable

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections, rejected_rows
from acecoder_dagster.data.tables import CANDIDATE_TESTS, QUESTIONS, SAMPLED_PROGRAMS, Table
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.decontamination.benchmarks import Benchmarks
from acecoder_dagster.questions.decontamination.finding import find_contamination
from acecoder_dagster.questions.decontamination.settings import DecontaminationSettings
from acecoder_dagster.questions.importing import ImportedTables

HELD_OUT = "test"


def without_contaminated(
    imported: ImportedTables,
    benchmarks: Benchmarks,
    settings: DecontaminationSettings,
    judge: Judge | None,
    advance: Callable[[int], None],
) -> ImportedTables:
    """Return an import without the questions that come from a benchmark, which are rejected with the evidence.

    Held-out questions stay: nothing is trained on them, and they may well be the benchmark itself.

    Args:
        imported: as read.
        benchmarks: what to keep away from.
        settings: how alike a question must be.
        judge: an open judge; None to run nothing.
        advance: called with the number of questions, or runs of a reference program, that are done.

    Raises:
        ImportFileError: no question is left.
    """
    trained_on = imported.seeds.filter(pl.col("split") != HELD_OUT)
    found = {each.seed_id: each for each in find_contamination(trained_on, benchmarks, settings, judge, advance)}
    is_found = pl.col("seed_id").is_in(list(found))
    contaminated = imported.questions.filter(is_found)
    if contaminated.height == imported.questions.height:
        raise ImportFileError(
            [
                f"all {contaminated.height:,} questions come from decontamination.benchmarks: name other files, or "
                "import them as held out, with split = test"
            ]
        )
    rejected = Rejections(QUESTIONS.name, "question")
    for question_id, seed_id in contaminated.select("question_id", "seed_id").iter_rows():
        rejected.add(question_id, question_id, found[seed_id].reason, found[seed_id].evidence)
    gone = contaminated.select("question_id")
    tests, their_tests = _without(imported.candidate_tests, gone, CANDIDATE_TESTS, "test")
    programs, their_programs = _without(imported.programs, gone, SAMPLED_PROGRAMS, "program")
    return ImportedTables(
        seeds=imported.seeds.filter(~is_found),
        questions=imported.questions.filter(~is_found),
        candidate_tests=tests,
        programs=programs,
        rejected=pl.concat([imported.rejected, rejected.table(), their_tests, their_programs]),
    )


def _without(rows: pl.DataFrame, gone: pl.DataFrame, table: Table, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of other questions, and those of rejected ones as REJECTED_ROWS."""
    theirs = rows.join(gone, on="question_id", how="semi", maintain_order="left")
    reason = Reason.QUESTION_REJECTED
    rejected = rejected_rows(theirs, table.name, kind, reason, pl.lit(""), row_id=table.key)
    return rows.join(gone, on="question_id", how="anti", maintain_order="left"), rejected
