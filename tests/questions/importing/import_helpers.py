"""Short ways to say what the tests of importing say often."""

from typing import Any

import polars as pl

from acecoder_dagster.questions.importing import ImportManifest


def manifest(*questions: str, **settings: Any) -> ImportManifest:
    """Return a manifest named `made`."""
    return ImportManifest(name="made", questions=questions, **settings)


def candidate_tests_of(tables: Any, upstream_id: str) -> list[str]:
    """Return the candidate tests of a question, in order."""
    question = tables.questions.row(by_predicate=pl.col("upstream_id") == upstream_id, named=True)
    return tables.candidate_tests.filter(question_id=question["question_id"]).sort("position")["test"].to_list()
