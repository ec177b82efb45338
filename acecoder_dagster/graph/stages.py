"""Running one stage: skip what is up to date, compute the rest, store it, tell Dagster the story.

Every asset that writes a table goes through `run_stage`, so that reuse, rejected rows, figures, metadata and the check
that no row is lost are the same everywhere.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Partition, content_key
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import REJECTED_ROWS, Table
from acecoder_dagster.graph.metadata import partition_metadata, table_schema_metadata
from acecoder_dagster.graph.partitions import batches_of
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.row_reuse import RowReuse

ACCOUNTED = "every_row_accounted_for"


@dataclass(frozen=True)
class StageRows:
    """What a stage made of one batch.

    `rows_in` counts what it was given or wrote itself, in the unit of its table, so that
    rows_in = rows + rejected. `figures` are numbers for the `runs` table and the asset's page. `try_again` names units
    (see `Stage.unit`) whose rows are not final: the next refresh computes them again.
    """

    rows: pl.DataFrame
    rows_in: int
    rejected: pl.DataFrame | None = None
    figures: Mapping[str, float | int | str] = field(default_factory=dict)
    try_again: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))


@dataclass(frozen=True)
class Stage:
    """A table and what its content depends on, besides the code version of its asset."""

    table: Table
    inputs: tuple[Table, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    source: Callable[[Project, str], str] | None = None
    """Names the origin of a batch, for stages that read something other than tables."""
    unit: str | None = None
    """question_id or program_id: of a batch that changed, the rows of those that did not are taken over."""


ComputeBatches = Callable[[list[str]], Iterable[tuple[str, StageRows]]]

LeftRows = Callable[[str, pl.DataFrame], pl.DataFrame]
"""Given a batch and rows that have the stage's unit, returns those of them whose unit has to be computed."""

ComputeLeft = Callable[[list[str], LeftRows], Iterable[tuple[str, StageRows]]]

ROWS_REUSED = "reused"
"""Figure of a partition: rows, kept and rejected, that were taken over from the version before."""

Checks = Callable[[list[Partition]], Sequence[dg.AssetCheckResult]]


def accounted_check(table: Table) -> dg.AssetCheckSpec:
    """Return the declaration of the check that `run_stage` reports."""
    return dg.AssetCheckSpec(
        ACCOUNTED,
        asset=table.name,
        blocking=True,
        description="Rows in = rows kept + rows rejected with a reason",
    )


def run_stage(
    context: dg.AssetExecutionContext,
    project: Project,
    stage: Stage,
    compute: ComputeBatches,
    checks: Checks = lambda _: (),
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bring the batches of this step up to date and report them.

    Args:
        context: Dagster's context of the asset.
        project: the project resource.
        stage: what is computed, and from what.
        compute: is given the batches that are out of date and yields (batch, rows) as they are done; each is stored
            at once, so a killed step loses only the batch it was working on.
        checks: further asset checks over the partitions of this step.
    """
    return _refresh(context, project, stage, compute, checks, None)


def run_stage_by_rows(
    context: dg.AssetExecutionContext,
    project: Project,
    stage: Stage,
    compute: ComputeLeft,
    checks: Checks = lambda _: (),
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Do what `run_stage` does, and of a batch that is out of date compute only the units that changed.

    Args:
        context: Dagster's context of the asset.
        project: the project resource.
        stage: what is computed, from what, by which unit.
        compute: as for `run_stage`; is also given a function that leaves out rows whose unit did not change. What it
            makes of the others is put together with the rows of the version before.
        checks: further asset checks over the partitions of this step.
    """
    code_version = asset_code_version(context)
    reuse = row_reuse(project, stage, code_version)
    return _refresh(context, project, stage, lambda batches: compute(batches, reuse.left), checks, reuse)


def row_reuse(project: Project, stage: Stage, code_version: str) -> RowReuse:
    """Return which rows of a stage with a unit need not be computed again."""
    assert stage.unit is not None, f"{stage.table.name} names no unit"
    return RowReuse(
        project.lake,
        stage.table,
        stage.unit,
        stage.inputs,
        lambda batch: content_key(
            table=stage.table.name,
            code=code_version,
            settings=stage.settings,
            source=stage.source(project, batch) if stage.source else None,
        ),
    )


def _refresh(
    context: dg.AssetExecutionContext,
    project: Project,
    stage: Stage,
    compute: ComputeBatches,
    checks: Checks,
    reuse: RowReuse | None,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    partitioned = context.assets_def.partitions_def is not None
    batches = batches_of(context) if partitioned else [UNPARTITIONED]
    code_version = asset_code_version(context)
    keys = {batch: stage_key(project, stage, batch, code_version) for batch in batches}
    written: set[str] = set()
    if maybe_stale := stale_batches(project, stage, keys):

        def waiting() -> None:
            context.log.info(f"Another run is computing {stage.table.name} for some of these batches; waiting for it")

        with project.lake.writing(stage.table, maybe_stale, waiting):
            stale = stale_batches(project, stage, {batch: keys[batch] for batch in maybe_stale})
            started = time.monotonic()
            for batch, made in compute(stale) if stale else ():
                figures = {"seconds": round(time.monotonic() - started, 3), **made.figures}
                _write(project, stage, batch, made, keys[batch], figures, reuse)
                written.add(batch)
                started = time.monotonic()
    partitions = [found for batch in batches if (found := project.lake.current(stage.table, batch)) is not None]
    for partition in partitions:
        context.add_asset_metadata(
            partition_metadata(partition, reused=partition.batch not in written),
            partition_key=partition.batch if partitioned else None,
        )
    return dg.MaterializeResult(
        metadata=table_schema_metadata(stage.table),
        check_results=[_accounted(partitions), *checks(partitions)],
        data_version=dg.DataVersion(content_key(keys=keys)),
    )


def stale_batches(project: Project, stage: Stage, keys: Mapping[str, str]) -> list[str]:
    """Return the batches whose current version was not made with the content key given for them."""
    current = {batch: project.lake.current(stage.table, batch) for batch in keys}
    return [batch for batch, key in keys.items() if (found := current[batch]) is None or found.content_key != key]


def _write(
    project: Project,
    stage: Stage,
    batch: str,
    made: StageRows,
    key: str,
    figures: dict[str, float | int | str],
    reuse: RowReuse | None,
) -> None:
    if len(made.try_again):
        # Never the key of a finished version: the batch is out of date until every unit is final.
        key = content_key(key=key, try_again=sorted(made.try_again))
    if stage.settings:
        figures["settings"] = json.dumps(stage.settings, sort_keys=True)
    if reuse is None:
        figures["rows_in"] = made.rows_in
        project.lake.write(stage.table, batch, made.rows, content_key=key, rejected=made.rejected, figures=figures)
        return
    rejected = REJECTED_ROWS.conform(REJECTED_ROWS.empty() if made.rejected is None else made.rejected)
    whole = reuse.complete(batch, stage.table.conform(made.rows), rejected, made.try_again)
    figures |= {"rows_in": made.rows_in + whole.reused, ROWS_REUSED: whole.reused}
    project.lake.write(
        stage.table,
        batch,
        whole.rows,
        content_key=key,
        rejected=whole.rejected,
        figures=figures,
        row_keys=whole.row_keys,
    )


def _accounted(partitions: list[Partition]) -> dg.AssetCheckResult:
    lost = {p.batch: p.figures["rows_in"] - p.rows - p.rejected for p in partitions}
    return dg.AssetCheckResult(
        check_name=ACCOUNTED,
        passed=not any(lost.values()),
        description=f"Rows neither kept nor rejected, by batch: { {b: n for b, n in lost.items() if n} or 'none' }. "
        "If there are any, the stage has a fault: please report it with this message.",
        metadata={"rows_kept": sum(p.rows for p in partitions), "rows_rejected": sum(p.rejected for p in partitions)},
    )


def asset_code_version(context: dg.AssetExecutionContext) -> str:
    """Return the code version that the asset declares: raise it when the same inputs would give other rows."""
    return context.assets_def.code_versions_by_key[context.asset_key] or ""


def stage_key(project: Project, stage: Stage, batch: str, code_version: str) -> str:
    """Return the content key that a batch of a stage has when it is up to date.

    Raises:
        Failure: when an input was never materialized; the message says which and how.
    """
    inputs: dict[str, object] = {"source": stage.source(project, batch)} if stage.source else {}
    for table in stage.inputs:
        if batch == UNPARTITIONED:
            found = project.training_partitions(table)
            inputs[table.name] = [(partition.batch, partition.content_key) for partition in found]
        else:
            one = project.lake.current(table, batch)
            found = [one] if one else []
            inputs[table.name] = [partition.content_key for partition in found]
        if not found:
            of_batch = "" if batch == UNPARTITIONED else f" for batch {batch}"
            raise dg.Failure(f"{table.name} has no rows yet{of_batch}: materialize it first", allow_retries=False)
    for name in stage.artifacts:
        artifact = project.home.artifacts.current(name)
        if artifact is None:
            raise dg.Failure(f"{name} was not trained yet: materialize it first", allow_retries=False)
        inputs[name] = artifact.content_key
    return content_key(table=stage.table.name, code=code_version, settings=stage.settings, inputs=inputs)
