"""Training in a worker process: skip what is up to date, continue what was interrupted, report the curve."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.evaluation import Curve, plot_learning_curves
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import asset_code_version
from acecoder_dagster.graph.worker_process import run_worker
from acecoder_dagster.learning.training import HACKING_REPORT_FILE
from acecoder_dagster.learning.workers.curves import read_curves

REPORTED = {
    "base_policy": ("loss",),
    "reward_model": ("loss", "pair_accuracy"),
    "policy_rule": ("pass_at_1", "validation_pass_at_1"),
    "policy_reward_model": ("reward", "validation_pass_at_1"),
}
"""Figures of each training that the report shows."""


def train_artifact(
    context: dg.AssetExecutionContext,
    project: Project,
    name: str,
    *,
    inputs: Mapping[str, object],
    specify: Callable[[Path], BaseModel],
    checks: Callable[[Mapping[str, float]], list[dg.AssetCheckResult]] = lambda _: [],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bring a trained model up to date.

    Args:
        context: Dagster's context of the asset.
        project: the project resource.
        name: name of the artifact, that of the asset.
        inputs: everything the model depends on.
        specify: makes the worker's specification for the folder to train in.
        checks: further asset checks over the figures of the training.
    """
    store = project.home.artifacts
    key = artifact_key(name, asset_code_version(context), inputs)

    def waiting() -> None:
        context.log.info(f"Another run is training {name}; waiting for it")

    with store.training(name, waiting):
        artifact = store.current(name)
        reused = artifact is not None and artifact.content_key == key
        if artifact is None or not reused:
            folder = store.working_folder(name, key)
            started = time.monotonic()
            figures = run_worker(context, project, specify(folder))
            artifact = store.finish(name, key, {**figures, "seconds": round(time.monotonic() - started, 3)})
    metadata: Metadata = {
        "folder": dg.MetadataValue.path(str(artifact.folder)),
        "reused": reused,
        "content_key": key,
        **artifact.figures,
    }
    if curves := read_curves(artifact.folder):
        metadata["learning_curves"] = picture(plot_learning_curves(curves), f"Learning curves of {name}")
    if (hacking := artifact.folder / HACKING_REPORT_FILE).is_file():
        metadata["hacking"] = dg.MetadataValue.md(hacking.read_text(encoding="utf-8"))
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(key), check_results=checks(artifact.figures)
    )


def artifact_key(name: str, code_version: str, inputs: Mapping[str, object]) -> str:
    """Return the content key that a trained model has when it is up to date."""
    return content_key(artifact=name, code=code_version, inputs=inputs)


def learning_curves(project: Project) -> dict[str, Curve]:
    """Return what a reader of the report wants to see of each training, by `<training>: <figure>`."""
    curves: dict[str, Curve] = {}
    for name, figures in REPORTED.items():
        artifact = project.home.artifacts.current(name)
        recorded = read_curves(artifact.folder) if artifact else {}
        curves |= {f"{name}: {figure}": recorded[figure] for figure in figures if figure in recorded}
    return curves
