"""What the body of a stage works with: the batches to compute, its inputs and nothing else, settings, progress."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake import Artifact, ArtifactStore, Lake, Partition
from acecoder_dagster.data.tables import Table
from acecoder_dagster.graph.inputs import Input, Model, partitions_read
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.settings import Settings

JUDGING_NODES = "judging_nodes"
"""Figure of a partition: JSON, a node of a cluster each, with its workers, programs and programs per second."""


class UndeclaredReadError(RuntimeError):
    """A stage reads a table or a model that its statement does not name."""

    def __init__(self, stage: str, kind: str, name: str) -> None:
        super().__init__(f"stage {stage} reads the {kind} {name}, but does not state it: add it to its `reads`")


@dataclass
class Step:
    """One run of a stage.

    Attributes:
        name: name of the stage.
        context: Dagster's context of the asset.
        project: the project; of its tables and models only the stated ones can be read.
        inputs: what the stage states that it reads, by name.
        batches: the batches to compute.
        config: what this run was told.
        changed: returns those of some rows of a batch whose unit has to be computed; all where the stage has no unit.
        made: after the body: the current version of every batch of this run.
        figures: after a training: what it reported.
        judges: those that are open.
    """

    name: str
    context: dg.AssetExecutionContext
    project: OpenProject
    inputs: dict[str, Input]
    batches: list[str] = field(default_factory=list)
    config: dg.Config | None = None
    changed: Callable[[str, pl.DataFrame], pl.DataFrame] = lambda _, rows: rows
    made: list[Partition] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    judges: list[Judge] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings of the profile, as they were when the step began."""
        return self.project.settings

    def read(self, table: Table, batch: str = "", columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the rows of an input that this stage states, with their `batch`, without columns it does without.

        Args:
            table: the table.
            batch: the batch, for inputs that are read batch by batch.
            columns: columns to read; all when left out.

        Raises:
            UndeclaredReadError: the stage does not state it.
        """
        if table.name not in self.inputs:
            raise UndeclaredReadError(self.name, "table", table.name)
        stated = self.inputs[table.name]
        read = partitions_read(self.project, stated, batch)
        named = [name for name in table.schema if name not in stated.without] if columns is None else columns
        if unstated := set(named) & set(stated.without):
            raise UndeclaredReadError(self.name, "columns", ", ".join(f"{table.name}.{name}" for name in unstated))
        return self.project.lake.read(table, [partition.batch for partition in read], named)

    def model(self, model: Model) -> Artifact | None:
        """Return a trained model that this stage states; None where it was never trained.

        Raises:
            UndeclaredReadError: the stage does not state it.
        """
        artifacts = self.project.home.artifacts
        found = artifacts.current(model.name)
        return None if found is None else artifacts.fetched(found)

    @contextmanager
    def judge(self, sandbox: SandboxSettings | None = None) -> Iterator[Judge]:
        """Open a judge where the settings say: on this machine or on a cluster.

        Args:
            sandbox: how to judge; as the settings say when left out.
        """
        with Judge(sandbox or self.settings.sandbox, self.settings.cluster) as judge:
            self.judges.append(judge)
            yield judge

    def take_judging_figures(self) -> dict[str, str]:
        """Return how fast each node of a cluster judged since this was asked last; nothing without a cluster."""
        nodes = [
            {
                "node": speed.node,
                "workers": speed.workers,
                "programs": speed.programs,
                "programs_per_second": round(speed.programs_per_second, 1),
            }
            for judge in self.judges
            for speed in judge.take_node_speeds()
        ]
        return {JUDGING_NODES: json.dumps(nodes)} if nodes else {}

    def rows_made(self) -> pl.DataFrame:
        """Return the rows of all batches of this run, after the body."""
        return pl.concat([pl.read_parquet(partition.rows_file) for partition in self.made])

    def progress(self, unit: str, total: int) -> RowProgress:
        """Return a counter that tells the terminal and the run's page how far the step is."""
        return RowProgress(self.context, unit, total)


def stated(project: OpenProject, stage: str, tables: Iterable[str], models: Iterable[str]) -> OpenProject:
    """Return the project as a stage sees it: any table or model but the named ones is an error."""
    return OpenProject(_StatedHome(project.home.root, stage, frozenset(tables), frozenset(models)), project.settings)


@dataclass(frozen=True)
class _StatedHome(Home):
    stage: str
    tables: frozenset[str]
    models: frozenset[str]

    @property
    def lake(self) -> Lake:
        return _StatedLake(super().lake, self.stage, self.tables)

    @property
    def artifacts(self) -> ArtifactStore:
        return _StatedModels(super().artifacts, self.stage, self.models)


class _StatedLake(Lake):
    def __init__(self, lake: Lake, stage: str, tables: frozenset[str]) -> None:
        super().__init__(lake.root, lake.store)
        self._stage, self._tables = stage, tables

    def current(self, table: Table, batch: str = "all") -> Partition | None:
        self._check(table)
        return super().current(table, batch)

    def partitions(self, table: Table) -> list[Partition]:
        self._check(table)
        return super().partitions(table)

    def _check(self, table: Table) -> None:
        if table.name not in self._tables:
            raise UndeclaredReadError(self._stage, "table", table.name)


class _StatedModels(ArtifactStore):
    def __init__(self, artifacts: ArtifactStore, stage: str, models: frozenset[str]) -> None:
        super().__init__(artifacts.root, artifacts.store)
        self._stage, self._models = stage, models

    def current(self, name: str) -> Artifact | None:
        if name not in self._models:
            raise UndeclaredReadError(self._stage, "model", name)
        return super().current(name)
