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

from acecoder_dagster.lake import content_key
from acecoder_dagster.lake.partitions import UNPARTITIONED, Partition
from acecoder_dagster.orchestration.metadata import partition_metadata, table_schema_metadata
from acecoder_dagster.orchestration.partitions import batches_of
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.tables import Table

ACCOUNTED = "every_row_accounted_for"


@dataclass(frozen=True)
class StageRows:
    """What a stage made of one batch.

    `rows_in` counts what it was given or wrote itself, in the unit of its table, so that
    rows_in = rows + rejected. `figures` are numbers for the `runs` table and the asset's page.
    """

    rows: pl.DataFrame
    rows_in: int
    rejected: pl.DataFrame | None = None
    figures: Mapping[str, float | int | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A table and what its content depends on, besides the code version of its asset."""

    table: Table
    inputs: tuple[Table, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    source: Callable[[Project, str], str] | None = None
    """Names the origin of a batch, for stages that read something other than tables."""


ComputeBatches = Callable[[list[str]], Iterable[tuple[str, StageRows]]]


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
    checks: Callable[[list[Partition]], Sequence[dg.AssetCheckResult]] = lambda _: (),
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
    partitioned = context.assets_def.partitions_def is not None
    batches = batches_of(context) if partitioned else [UNPARTITIONED]
    code_version = asset_code_version(context)
    keys = {batch: stage_key(project, stage, batch, code_version) for batch in batches}
    current = {batch: project.lake.current(stage.table, batch) for batch in batches}
    stale = [batch for batch in batches if (found := current[batch]) is None or found.content_key != keys[batch]]
    started = time.monotonic()
    for batch, made in compute(stale) if stale else ():
        figures = {"rows_in": made.rows_in, "seconds": round(time.monotonic() - started, 3), **made.figures}
        if stage.settings:
            figures["settings"] = json.dumps(stage.settings, sort_keys=True)
        current[batch] = project.lake.write(
            stage.table, batch, made.rows, content_key=keys[batch], rejected=made.rejected, figures=figures
        )
        started = time.monotonic()
    partitions = [found for batch in batches if (found := current[batch]) is not None]
    for partition in partitions:
        context.add_asset_metadata(
            partition_metadata(partition, reused=partition.batch not in stale),
            partition_key=partition.batch if partitioned else None,
        )
    lost = {p.batch: p.figures["rows_in"] - p.rows - p.rejected for p in partitions}
    accounted = dg.AssetCheckResult(
        check_name=ACCOUNTED,
        passed=not any(lost.values()),
        description=f"Rows neither kept nor rejected, by batch: { {b: n for b, n in lost.items() if n} or 'none' }",
        metadata={"rows_kept": sum(p.rows for p in partitions), "rows_rejected": sum(p.rejected for p in partitions)},
    )
    return dg.MaterializeResult(
        metadata=table_schema_metadata(stage.table),
        check_results=[accounted, *checks(partitions)],
        data_version=dg.DataVersion(content_key(keys=keys)),
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
