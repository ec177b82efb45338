"""What a stage can read: tables, of which batches, and models."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
        named: returns the address of the model that the settings name instead; None where it is trained here.
    """

    name: str
    named: Callable[[Settings], str | None] = lambda _: None


LICENCE = ("licence",)
"""For stages whose rows do not depend on licences. Who asks for the licence of a row joins it."""

REVISION = ("upstream_revision",)
"""For stages to which it is the same which version of its source a seed was last found in."""

LABELS = (*LICENCE, *REVISION, "split")
"""For stages whose rows do not depend on the split either."""

PROVENANCE = (
    *LICENCE,
    "upstream_id",
    "completion",
    "finish_reason",
    "temperature",
    "sampling",
    "prompt_hash",
    "prompt_tokens",
    "completion_tokens",
    "origin",
)
"""Columns of programs that say how they came about, for stages that look at the programs alone."""

MEASUREMENTS = ("cpu_ms", "wall_ms", "peak_mb")
"""Columns of verdicts that differ each time a program is run, and of which no other table is made."""


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
        without: columns of a table that the stage is not given, so that they change nothing in what it makes.
    """

    of: Table | Model
    rows: Rows = Rows.ALL
    when: Callable[[Settings], bool] = lambda _: True
    for_batch: Callable[[OpenProject, str], bool] = lambda *_: True
    may_be_missing: bool = False
    without: tuple[str, ...] = ()

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


def without(columns: tuple[str, ...], inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """Return the same inputs, but for columns that their tables may have."""
    return tuple(
        replace(each, without=tuple(name for name in columns if name in each.of.schema))
        if isinstance(each.of, Table)
        else each
        for each in inputs
    )


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
