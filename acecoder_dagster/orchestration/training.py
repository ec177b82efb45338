"""Training in a worker process: skip what is up to date, continue what was interrupted, report the curve."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from acecoder_dagster.evaluation import plot_learning_curve
from acecoder_dagster.lake import content_key
from acecoder_dagster.orchestration.metadata import picture
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.orchestration.workers import run_worker

CURVE_FILE = "curve.jsonl"
"""Written by the worker into the training's folder: one JSON object per reported step."""


def train_artifact(
    context: dg.AssetExecutionContext,
    project: Project,
    name: str,
    *,
    code_version: str,
    inputs: Mapping[str, object],
    specify: Callable[[Path], BaseModel],
    checks: Callable[[Mapping[str, float]], list[dg.AssetCheckResult]] = lambda _: [],
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bring a trained model up to date.

    Args:
        context: Dagster's context of the asset.
        project: the project resource.
        name: name of the artifact, that of the asset.
        code_version: version of the training's code.
        inputs: everything the model depends on.
        specify: makes the worker's specification for the folder to train in.
        checks: further asset checks over the figures of the training.
    """
    store = project.home.artifacts
    key = content_key(artifact=name, code=code_version, inputs=inputs)
    artifact = store.current(name)
    reused = artifact is not None and artifact.content_key == key
    if artifact is None or not reused:
        folder = store.working_folder(name, key)
        artifact = store.finish(name, key, run_worker(context, project, specify(folder)))
    metadata: dict[str, object] = {
        "folder": dg.MetadataValue.path(str(artifact.folder)),
        "reused": reused,
        "content_key": key,
        **artifact.figures,
    }
    curve = artifact.folder / CURVE_FILE
    if curve.is_file():
        points = [json.loads(line) for line in curve.read_text(encoding="utf-8").splitlines()]
        metadata["learning_curve"] = picture(plot_learning_curve(points), f"Learning curve of {name}")
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(key), check_results=checks(artifact.figures)
    )
