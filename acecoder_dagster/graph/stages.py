"""A stage is stated once: what it makes, what it reads, what it waits for, and what else its rows depend on.

Everything else follows from the statement: Dagster's dependencies (`building`), content keys (`keys`), what is out of
date and what a refresh would do (`refresh`), the lists of assets that commands and jobs select, and the drawn graph.
While a stage runs it can read only what it states (`step`).

An input is read: when it changes, the stage is computed again. A gate is only waited for: its checks stop what follows,
its content does not matter.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Required, TypedDict, Unpack

import dagster as dg
import polars as pl
from pydantic import BaseModel

from acecoder_dagster.data.tables import Table
from acecoder_dagster.graph.inputs import Input, Model
from acecoder_dagster.graph.metadata import Metadata
from acecoder_dagster.graph.partitions import Partitions
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step
from acecoder_dagster.settings import Settings


@dataclass(frozen=True)
class StageRows:
    """What a stage made of one batch.

    Attributes:
        rows: the rows of its table.
        rows_in: how many rows it was given or wrote itself, in the unit of its table: rows_in = rows + rejected.
        rejected: rows that were not kept, with stage, reason and evidence (columns of REJECTED_ROWS).
        figures: numbers for the `runs` table and the asset's page.
        try_again: units (see `Stage.unit`) whose rows are not final: the next refresh computes them again.
    """

    rows: pl.DataFrame
    rows_in: int
    rejected: pl.DataFrame | None = None
    figures: Mapping[str, float | int | str] = field(default_factory=dict)
    try_again: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))


@dataclass(frozen=True)
class Finding:
    """What a check found."""

    passed: bool
    description: str
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A check of what a stage made.

    Attributes:
        name: name of the asset check.
        promise: what is so where the check passes.
        look: looks at what the step made.
        blocking: whether what follows is stopped where the check fails; else it only warns.
    """

    name: str
    promise: str
    look: Callable[[Step], Finding]
    blocking: bool = True


@dataclass(frozen=True)
class Work:
    """What a stage would do for some questions of a batch, at most."""

    programs: int = 0
    model_calls: int = 0


@dataclass(frozen=True)
class PlannedBatch:
    """What is known of the work on a batch before it is done.

    Attributes:
        project: the project.
        batch: the batch.
        questions: how many questions are worked on.
        programs: how many programs of them there are or will be.
    """

    project: OpenProject
    batch: str
    questions: int
    programs: int


Settled = Callable[[OpenProject, str], Mapping[str, object]]
"""Given the project and a batch, returns settings that the rows depend on, or what names their origin."""


def _nothing(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One asset of the graph.

    Attributes:
        name: name of the asset.
        makes: the table or model that it writes, of the same name; None where it writes something else.
        description: what it is, for the asset's page.
        body: does the work; see `table_stage`, `model_stage` and `page_stage`.
        reads: tables and models that the body reads.
        waits_for: names of stages whose checks must have passed, but of which nothing is read.
        settings: settings that the rows depend on, recorded with every version.
        origin: names what the rows come from beside tables and models: imports, collected seeds, benchmark files.
        unit: question_id or program_id: of a batch that changed, the rows of those that did not are taken over.
        carries: columns that it only carries over from its inputs: when they change there, nothing else does here.
        across_units: what a unit's rows take from other units of the batch, as columns `unit` and `taken`.
        code_version: raised when the same inputs would give other rows.
        partitions: what the table is divided by, `seed_batches` or `benchmarked_models`; None where it is whole.
        group: group of the graph.
        kinds: labels on the page.
        uses_accelerator: whether it starts a worker process that may use the GPU.
        checks: checks of what it made, beside that of lost rows.
        page: further metadata for the page, from what the step made.
        config: what a run may say to it.
        publishes: whether the warehouse is built anew when it has run, so that people can ask for what it made.
        takes_import: whether the rows of a batch are those of an import as they are.
        work: what there is to do for a batch, for `acecoder plan`.
    """

    name: str
    makes: Table | Model | None
    description: str
    body: Callable[..., Any]
    reads: tuple[Input, ...] = ()
    waits_for: tuple[str, ...] = ()
    settings: Settled = _nothing
    origin: Settled = _nothing
    unit: str | None = None
    carries: tuple[str, ...] = ()
    across_units: Callable[[OpenProject, str], pl.DataFrame] | None = None
    code_version: str
    partitions: Partitions | None = None
    group: str
    kinds: frozenset[str]
    uses_accelerator: bool = False
    checks: tuple[Check, ...] = ()
    page: Callable[[Step], Metadata] | None = None
    config: type[dg.Config] | None = None
    publishes: bool = False
    takes_import: Callable[[OpenProject, str], bool] = lambda *_: False
    work: Callable[[PlannedBatch], Work] = lambda _: Work()

    @property
    def table(self) -> Table:
        """The table that it makes."""
        assert isinstance(self.makes, Table), f"{self.name} makes no table"
        return self.makes

    def inputs(self, settings: Settings) -> tuple[Input, ...]:
        """Return what is read under some settings."""
        return tuple(each for each in self.reads if each.when(settings))

    def input(self, read: Table | Model) -> Input | None:
        """Return the input that states the reading of a table or model, None where there is none."""
        return next((each for each in self.reads if each.name == read.name), None)

    def upstream(self, settings: Settings) -> list[str]:
        """Return the names of all stages that must have run before: inputs first, then gates."""
        return list(dict.fromkeys([*(each.name for each in self.inputs(settings)), *self.waits_for]))


class Statement(TypedDict, total=False):
    """What is said of a stage where it is stated; see the attributes of `Stage`."""

    reads: Sequence[Input]
    waits_for: Sequence[Stage]
    settings: Settled
    origin: Settled
    unit: str
    carries: tuple[str, ...]
    across_units: Callable[[OpenProject, str], pl.DataFrame]
    code_version: Required[str]
    partitions: Partitions
    group: Required[str]
    kinds: Required[set[str]]
    uses_accelerator: bool
    checks: tuple[Check, ...]
    page: Callable[[Step], Metadata]
    config: type[dg.Config]
    publishes: bool
    takes_import: Callable[[OpenProject, str], bool]
    work: Callable[[PlannedBatch], Work]


TableBody = Callable[[Step], Iterator[tuple[str, StageRows]]]
ModelBody = Callable[[Step, Path], BaseModel]
PageBody = Callable[[Step], Metadata]


def table_stage(makes: Table, **statement: Unpack[Statement]) -> Callable[[TableBody], Stage]:
    """State a stage that writes a table.

    Its body is given the step, computes the batches that are out of date (`Step.batches`) and yields each with its
    rows as it is done; each is stored at once, so that a killed step loses only the batch it was working on.
    """
    return lambda body: _stage(body, makes, statement)


def model_stage(makes: Model, **statement: Unpack[Statement]) -> Callable[[ModelBody], Stage]:
    """State a stage that trains a model.

    Its body is given the step and the folder to train in, and returns the specification for the worker process.
    """
    return lambda body: _stage(body, makes, statement)


def page_stage(**statement: Unpack[Statement]) -> Callable[[PageBody], Stage]:
    """State a stage that writes neither a table nor a model; its body returns the metadata of its page."""
    return lambda body: _stage(body, None, statement)


def _stage(body: Callable[..., Any], makes: Table | Model | None, statement: Statement) -> Stage:
    name = getattr(body, "__name__", "")
    assert makes is None or makes.name == name, f"{name} makes {makes.name if makes else None}: they need one name"
    assert body.__doc__, f"{name} needs a docstring: it is the description on its page"
    reads, gates = tuple(statement.get("reads", ())), statement.get("waits_for", ())
    twice = {each.name for each in reads} & {gate.name for gate in gates}
    assert not twice, f"{name} reads {twice}, so it need not wait for them too"
    stated: dict[str, Any] = {
        **statement,
        "reads": reads,
        "waits_for": tuple(gate.name for gate in gates),
        "kinds": frozenset(statement["kinds"]),
    }
    return Stage(name=name, makes=makes, description=inspect.cleandoc(body.__doc__), body=body, **stated)
