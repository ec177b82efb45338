"""Questions and verdicts that training and evaluation read, out of the inputs of a step."""

from collections.abc import Mapping

import polars as pl

from acecoder_dagster.data.tables import FILTERED_TESTS, QUESTIONS, TEST_RESULTS
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step


def counting(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Return the setting that says which passes count, for stages that count passes."""
    return {"unsealed_passes": project.settings.tests.unsealed_passes}


def tested_questions(step: Step) -> pl.DataFrame:
    """Return the questions that have kept tests (columns of QUESTIONS and `batch`)."""
    tested = step.read(FILTERED_TESTS).select("question_id").unique()
    return step.read(QUESTIONS).join(tested, on="question_id")


def held_out_questions(step: Step) -> pl.DataFrame:
    """Return the questions of the test split that have kept tests (columns of QUESTIONS and `batch`)."""
    return tested_questions(step).filter(pl.col("split") == "test")


def held_out_results(step: Step) -> pl.DataFrame:
    """Return the verdicts of programs sampled for held-out questions (columns of TEST_RESULTS and `batch`)."""
    held_out = held_out_questions(step).select("question_id")
    return step.read(TEST_RESULTS).join(held_out, on="question_id")
