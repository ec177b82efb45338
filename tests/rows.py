"""Rows for tests: give the columns that matter, the others are filled."""

import polars as pl

from acecoder_dagster.data.tables import Table


def rows(table: Table, *given: dict) -> pl.DataFrame:
    """Return rows of the table; columns not given are null where they may be, else empty or zero."""
    blank = {pl.String: "", pl.Int64: 0, pl.Float64: 0.0, pl.Boolean: False, pl.List: []}
    default = {
        column.name: None if column.nullable else column.default or blank[type(column.dtype)]
        for column in table.columns
    }
    unknown = {name for row in given for name in row} - set(default)
    assert not unknown, f"{table.name} has no columns {unknown}"
    return pl.DataFrame([default | row for row in given], schema=table.schema)


def result(program_id: str, question_id: str, outcomes: str, tests_written: int | None = None) -> dict:
    """Return a row of test_results from outcomes by letter.

    The letters: p(assed), P(assed without a seal), f(ailed), e(rror), j(udge error), u(nstable).
    """
    names = {"p": "passed", "P": "passed", "f": "failed", "e": "error", "j": "judge_error", "u": "unstable"}
    passed = [letter in "pP" for letter in outcomes]
    verdict = next((names[letter] for letter in outcomes if letter not in "pP"), "passed")
    return {
        "program_id": program_id,
        "question_id": question_id,
        "verdict": verdict,
        "outcomes": [names[letter] for letter in outcomes],
        "passed": passed,
        "sealed": [letter == "p" for letter in outcomes],
        "tests_passed": sum(passed),
        "tests_kept": len(outcomes),
        "tests_written": tests_written or len(outcomes),
        "pass_rate": sum(passed) / len(outcomes) if outcomes else 0.0,
    }
