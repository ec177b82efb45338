"""Rows that feed training and evaluation: the batches that the setting data.batches names."""

import polars as pl

from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.tables import Table


def training_rows(project: Project, table: Table) -> pl.DataFrame:
    """Return the rows of the batches that feed training and evaluation, with their `batch`."""
    return project.lake.read(table, [partition.batch for partition in project.training_partitions(table)])
