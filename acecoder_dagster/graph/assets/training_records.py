"""What trainings leave to look at, as tables: every rollout, and every figure of every step."""

from collections.abc import Callable, Iterable, Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Artifact
from acecoder_dagster.data.tables import ROLLOUTS, TRAINING_CURVES
from acecoder_dagster.graph.groups import TRAINING, TRAINING_OWNERS
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import Stage, StageRows, accounted_check, run_stage
from acecoder_dagster.learning.training import ROLLOUTS_FILE
from acecoder_dagster.learning.workers.curves import read_curves


@dg.asset(
    deps=lineage.POLICIES,
    group_name=TRAINING,
    kinds={"parquet", "polars"},
    owners=TRAINING_OWNERS,
    code_version="1",
    check_specs=[accounted_check(ROLLOUTS)],
)
def rollouts(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Every program that a policy wrote while it was trained: outcomes, rewards, advantage, whether it taught."""

    def read(artifact: Artifact) -> pl.DataFrame:
        return pl.read_parquet(artifact.folder / ROLLOUTS_FILE)

    return _collect(context, project, lineage.rollouts(project), lineage.POLICIES, read)


@dg.asset(
    deps=list(lineage.TRAININGS),
    group_name=TRAINING,
    kinds={"parquet", "polars"},
    owners=TRAINING_OWNERS,
    code_version="1",
    check_specs=[accounted_check(TRAINING_CURVES)],
)
def training_curves(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Loss, reward, entropy, KL, validation and whatever else the trainings reported, step by step."""

    def read(artifact: Artifact) -> pl.DataFrame:
        points = [
            {"step": step, "figure": figure, "value": value}
            for figure, curve in read_curves(artifact.folder).items()
            for step, value in curve
        ]
        return pl.DataFrame(points, schema=TRAINING_CURVES.schema, strict=False).drop("model")

    return _collect(context, project, lineage.training_curves(project), lineage.TRAININGS, read)


def _collect(
    context: dg.AssetExecutionContext,
    project: Project,
    stage: Stage,
    trainings: Iterable[str],
    read: Callable[[Artifact], pl.DataFrame],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Write what the trainings that are there left, one after another, with a column `model`."""

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        found = (project.home.artifacts.current(name) for name in trainings)
        of_each = [read(artifact).with_columns(model=pl.lit(artifact.name)) for artifact in found if artifact]
        rows = stage.table.conform(pl.concat(of_each)) if of_each else stage.table.empty()
        yield batches[0], StageRows(rows, rows.height)

    return run_stage(context, project, stage, compute)
