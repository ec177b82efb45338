"""Rows that feed training and evaluation: the batches that the setting data.batches names."""

from collections.abc import Sequence

import polars as pl

from acecoder_dagster.data.tables import FILTERED_TESTS, QUESTIONS, TEST_RESULTS, Table
from acecoder_dagster.graph.resources import Project


def training_rows(project: Project, table: Table, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return rows of the batches that feed training and evaluation, all columns or those named, with their `batch`."""
    return project.lake.read(table, [partition.batch for partition in project.training_partitions(table)], columns)


def tested_questions(project: Project) -> pl.DataFrame:
    """Return the questions that have kept tests (columns of QUESTIONS and `batch`)."""
    tested = training_rows(project, FILTERED_TESTS).select("question_id").unique()
    return training_rows(project, QUESTIONS).join(tested, on="question_id")


def held_out_questions(project: Project) -> pl.DataFrame:
    """Return the questions of the test split that have kept tests (columns of QUESTIONS and `batch`)."""
    return tested_questions(project).filter(pl.col("split") == "test")


def held_out_results(project: Project) -> pl.DataFrame:
    """Return the verdicts of programs sampled for held-out questions (columns of TEST_RESULTS and `batch`)."""
    held_out = held_out_questions(project).select("question_id")
    return training_rows(project, TEST_RESULTS).join(held_out, on="question_id")
