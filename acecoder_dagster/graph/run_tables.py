"""Running a stage that writes a table: skip what is up to date, compute the rest, store it, tell Dagster the story.

Reuse, rejected rows, figures, metadata and the check that no row is lost are the same for every table.
"""

import json
import time

import dagster as dg

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import REJECTED_ROWS, Table
from acecoder_dagster.graph.inputs import Rows
from acecoder_dagster.graph.keys import base_key, stage_key
from acecoder_dagster.graph.metadata import partition_metadata, table_schema_metadata
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.row_reuse import RowReuse
from acecoder_dagster.graph.stages import Check, Finding, Stage, StageRows
from acecoder_dagster.graph.step import Step

ACCOUNTED = "every_row_accounted_for"

ROWS_REUSED = "reused"
"""Figure of a partition: rows, kept and rejected, that were taken over from the version before."""


def every_row_accounted_for(step: Step) -> Finding:
    """Check that rows in = rows kept + rows rejected."""
    lost = {p.batch: p.figures["rows_in"] - p.rows - p.rejected for p in step.made}
    return Finding(
        passed=not any(lost.values()),
        description=f"Rows neither kept nor rejected, by batch: { {b: n for b, n in lost.items() if n} or 'none' }. "
        "If there are any, the stage has a fault: please report it with this message.",
        metadata={"rows_kept": sum(p.rows for p in step.made), "rows_rejected": sum(p.rejected for p in step.made)},
    )


NO_ROW_LOST = Check(ACCOUNTED, "Rows in = rows kept + rows rejected with a reason", every_row_accounted_for)
"""The check of every table."""


def run_table(stage: Stage, step: Step, project: OpenProject) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bring the batches of a step up to date and report them.

    Args:
        stage: what is computed, and from what.
        step: the step; its body sees the project through it.
        project: the project without limits on what is read.
    """
    partitioned = stage.partitions is not None
    batches = list(step.context.partition_keys) if partitioned else [UNPARTITIONED]
    keys = {batch: stage_key(project, stage, batch) for batch in batches}
    written = _compute(stage, step, project, keys)
    step.made = [found for batch in batches if (found := project.lake.current(stage.table, batch)) is not None]
    page = stage.page(step) if stage.page else {}
    for partition in step.made:
        step.context.add_asset_metadata(
            partition_metadata(stage.table, partition, reused=partition.batch not in written, page=page),
            partition_key=partition.batch if partitioned else None,
        )
    return dg.MaterializeResult(
        metadata=table_schema_metadata(stage.table),
        check_results=[result_of(check, step) for check in (NO_ROW_LOST, *stage.checks)],
        data_version=dg.DataVersion(content_key(keys=keys)),
    )


def result_of(check: Check, step: Step) -> dg.AssetCheckResult:
    """Return what Dagster is told of a check."""
    found = check.look(step)
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=found.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        description=found.description,
        metadata=found.metadata,
    )


def row_reuse(project: OpenProject, stage: Stage) -> RowReuse:
    """Return which rows of a stage with a unit need not be computed again."""
    assert stage.unit is not None, f"{stage.name} names no unit"
    same = [each for each in stage.inputs(project.settings) if each.rows is Rows.SAME_BATCH]
    read = {each.of: each.without for each in same if isinstance(each.of, Table)}
    across = stage.across_units
    return RowReuse(
        project.lake,
        stage.table,
        stage.unit,
        read,
        lambda batch: base_key(project, stage, batch),
        (lambda batch: across(project, batch)) if across else None,
    )


def stale_batches(project: OpenProject, stage: Stage, keys: dict[str, str]) -> list[str]:
    """Return the batches whose current version was not made with the content key given for them."""
    current = {batch: project.lake.current(stage.table, batch) for batch in keys}
    return [batch for batch, key in keys.items() if (found := current[batch]) is None or found.content_key != key]


def _compute(stage: Stage, step: Step, project: OpenProject, keys: dict[str, str]) -> set[str]:
    """Compute and store what is out of date; return the batches that were written."""
    written: set[str] = set()
    maybe_stale = stale_batches(project, stage, keys)
    if not maybe_stale:
        return written

    def waiting() -> None:
        step.context.log.info(f"Another run is computing {stage.name} for some of these batches; waiting for it")

    with project.lake.writing(stage.table, maybe_stale, waiting):
        step.batches = stale_batches(project, stage, {batch: keys[batch] for batch in maybe_stale})
        if not step.batches:
            return written
        reuse = row_reuse(project, stage) if stage.unit else None
        if reuse:
            step.changed = reuse.changed
        started = time.monotonic()
        for batch, made in stage.body(step):
            seconds = round(time.monotonic() - started, 3)
            figures = {"seconds": seconds, **step.take_judging_figures(), **made.figures}
            _write(project, stage, batch, made, keys[batch], figures, reuse)
            written.add(batch)
            started = time.monotonic()
    return written


def _write(
    project: OpenProject,
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
    if settings := stage.settings(project, batch):
        figures["settings"] = json.dumps(settings, sort_keys=True)
    rejected = REJECTED_ROWS.conform(REJECTED_ROWS.empty() if made.rejected is None else made.rejected)
    if reuse is None:
        figures["rows_in"] = made.rows_in
        project.lake.write(stage.table, batch, made.rows, content_key=key, rejected=rejected, figures=figures)
        return
    complete = reuse.complete(batch, stage.table.conform(made.rows), rejected, made.try_again)
    figures |= {"rows_in": made.rows_in + complete.reused, ROWS_REUSED: complete.reused}
    project.lake.write(
        stage.table,
        batch,
        complete.rows,
        content_key=key,
        rejected=complete.rejected,
        figures=figures,
        row_keys=complete.row_keys,
    )
