"""What a stage can read: tables, of which batches, and models."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import Table
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.settings import Settings


@dataclass(frozen=True)
class Model:
    """A model that is trained here, or one that the settings name instead.

    Attributes:
        name: name of its asset and of its folder.
        named: returns the name and revision of the model that the settings name; None where it is trained here.
    """

    name: str
    named: Callable[[Settings], str | None] = lambda _: None


class Rows(StrEnum):
    """Which rows of a table are read."""

    SAME_BATCH = "those of the batch that is computed"
    CHOSEN = "those of the batches that feed training and evaluation (setting data.batches)"
    CALIBRATION = "those of the calibration batches (setting quality.batches)"
    ALL = "all"


@dataclass(frozen=True)
class Input:
    """A table or a model that a stage reads.

    Attributes:
        of: what is read.
        rows: which rows of a table.
        when: whether it is read at all, by the settings.
        for_batch: whether it is read for a batch.
        may_be_missing: whether the stage also works without it.
    """

    of: Table | Model
    rows: Rows = Rows.ALL
    when: Callable[[Settings], bool] = lambda _: True
    for_batch: Callable[[OpenProject, str], bool] = lambda *_: True
    may_be_missing: bool = False

    @property
    def name(self) -> str:
        """Name of the stage that makes it."""
        return self.of.name


def same_batch(*tables: Table) -> tuple[Input, ...]:
    """Return inputs of which a batch reads the rows of the same batch."""
    return tuple(Input(table, Rows.SAME_BATCH) for table in tables)


def chosen(*tables: Table) -> tuple[Input, ...]:
    """Return inputs of which the batches that feed training and evaluation are read."""
    return tuple(Input(table, Rows.CHOSEN) for table in tables)


def calibration(*tables: Table) -> tuple[Input, ...]:
    """Return inputs of which the calibration batches are read; there may be none."""
    return tuple(Input(table, Rows.CALIBRATION, may_be_missing=True) for table in tables)


def entire(*read: Table | Model) -> tuple[Input, ...]:
    """Return inputs that are read as a whole: tables without batches, and models."""
    return tuple(Input(each) for each in read)


def if_there(*read: Table | Model) -> tuple[Input, ...]:
    """Return inputs of which is read what is there."""
    return tuple(Input(each, may_be_missing=True) for each in read)


def partitions_read(project: OpenProject, read: Input, batch: str) -> list[Partition]:
    """Return the versions of a table that a stage reads for a batch."""
    table = read.of
    assert isinstance(table, Table)
    if read.rows is Rows.SAME_BATCH:
        found = project.lake.current(table, batch)
        return [found] if found else []
    partitions = project.lake.partitions(table)
    if read.rows is Rows.CHOSEN:
        return [each for each in partitions if project.is_chosen(each.batch)]
    if read.rows is Rows.CALIBRATION:
        return [each for each in partitions if project.is_calibration(each.batch)]
    return partitions
