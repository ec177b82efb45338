"""What trainings leave to look at, as tables: every rollout, and every figure of every step."""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from acecoder_dagster.data.lake import Artifact
from acecoder_dagster.data.tables import ROLLOUTS, TRAINING_CURVES, Table
from acecoder_dagster.graph.groups import TRAINING
from acecoder_dagster.graph.inputs import Model, if_there
from acecoder_dagster.graph.models import MODELS, POLICIES
from acecoder_dagster.graph.stages import StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.learning.training import ROLLOUTS_FILE
from acecoder_dagster.learning.workers.curves import read_curves


@table_stage(
    ROLLOUTS,
    reads=if_there(*POLICIES),
    code_version="1",
    group=TRAINING,
    kinds={"parquet", "polars"},
)
def rollouts(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Every program that a policy wrote while it was trained: outcomes, rewards, advantage, whether it taught."""
    yield _collected(step, ROLLOUTS, POLICIES, lambda artifact: pl.read_parquet(artifact.folder / ROLLOUTS_FILE))


@table_stage(
    TRAINING_CURVES,
    reads=if_there(*MODELS),
    code_version="1",
    group=TRAINING,
    kinds={"parquet", "polars"},
)
def training_curves(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Loss, reward, entropy, KL, validation and whatever else the trainings reported, step by step."""
    yield _collected(step, TRAINING_CURVES, MODELS, _curves)


def _curves(artifact: Artifact) -> pl.DataFrame:
    points = [
        {"step": step, "figure": figure, "value": value}
        for figure, curve in read_curves(artifact.folder).items()
        for step, value in curve
    ]
    return pl.DataFrame(points, schema=TRAINING_CURVES.schema, strict=False).drop("model")


def _collected(
    step: Step, table: Table, models: Sequence[Model], read: Callable[[Artifact], pl.DataFrame]
) -> tuple[str, StageRows]:
    """Return what the trainings that are there left, one after another, with a column `model`."""
    found = [artifact for model in models if (artifact := step.model(model)) is not None]
    of_each = [table.conform(read(artifact).with_columns(model=pl.lit(artifact.name))) for artifact in found]
    rows = pl.concat([table.empty(), *of_each])
    return step.batches[0], StageRows(rows, rows.height)
