"""Dagster's assets, made from the statements of the stages."""

from collections.abc import Iterable

import dagster as dg

from acecoder_dagster.data.tables import Table
from acecoder_dagster.graph.automation import automation_condition, freshness_policy
from acecoder_dagster.graph.groups import OWNERS
from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.graph.metadata import code_reference
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.run_tables import NO_ROW_LOST, run_table
from acecoder_dagster.graph.run_trainings import run_training
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.graph.step import Step, stated
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL, WORKER_RETRIES
from acecoder_dagster.learning.errors import is_worth_retrying
from acecoder_dagster.settings import Settings


def build_assets(stages: Iterable[Stage], settings: Settings) -> list[dg.AssetsDefinition]:
    """Return an asset for every stage.

    What an asset depends on may follow from settings: a base policy that imitates the project's own questions waits
    for them, another does not.
    """
    return [build_asset(stage, settings) for stage in stages]


def build_asset(stage: Stage, settings: Settings) -> dg.AssetsDefinition:
    """Return the asset of one stage."""
    checks = (NO_ROW_LOST, *stage.checks) if isinstance(stage.makes, Table) else stage.checks

    @dg.asset(
        name=stage.name,
        deps=stage.upstream(settings),
        description=stage.description,
        partitions_def=stage.partitions(settings) if stage.partitions else None,
        backfill_policy=_backfill_policy(settings) if stage.partitions else None,
        group_name=stage.group,
        kinds=set(stage.kinds),
        owners=OWNERS[stage.group],
        pool=ACCELERATOR_POOL if stage.uses_accelerator else None,
        retry_policy=WORKER_RETRIES if stage.uses_accelerator else None,
        code_version=stage.code_version,
        config_schema=stage.config.to_config_schema().as_field() if stage.config else None,
        automation_condition=automation_condition(stage),
        freshness_policy=freshness_policy(stage, settings.refresh),
        metadata=code_reference(stage.body),
        check_specs=[
            dg.AssetCheckSpec(check.name, asset=stage.name, blocking=check.blocking, description=check.promise)
            for check in checks
        ],
    )
    def run(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
        try:
            return run_stage(stage, context, project)
        except dg.Failure:
            raise
        except Exception as error:
            if not stage.uses_accelerator or is_worth_retrying(error):
                raise
            # Dagster's policy would start the step again whatever the error is.
            raise dg.Failure(f"{type(error).__name__}: {error}", allow_retries=False) from error

    return run


def run_stage(stage: Stage, context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Run one step: its body sees only what the stage states."""
    opened = project.refreshed()
    inputs = {each.name: each for each in stage.inputs(opened.settings)}
    models = [name for name, each in inputs.items() if isinstance(each.of, Model)]
    # A stage may look at its own table: what it made before, and in checks over all batches.
    tables = [*(name for name in inputs if name not in models), stage.name]
    step = Step(stage.name, context, stated(opened, stage.name, tables, models), inputs)
    if stage.config:
        step.config = stage.config(**context.op_execution_context.op_config)
    if isinstance(stage.makes, Table):
        result = run_table(stage, step, opened)
        if stage.publishes:
            publish_warehouse(opened)
        return result
    if isinstance(stage.makes, Model):
        return run_training(stage, step, opened)
    published = publish_warehouse(opened) if stage.publishes else {}
    return dg.MaterializeResult(metadata={**stage.body(step), **published})


def _backfill_policy(settings: Settings) -> dg.BackfillPolicy:
    batches_per_run = settings.refresh.batches_per_run
    if batches_per_run is None:
        return dg.BackfillPolicy.single_run()
    return dg.BackfillPolicy.multi_run(max_partitions_per_run=batches_per_run)
