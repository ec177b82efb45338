"""Running a stage that trains a model: skip what is up to date, continue what was interrupted, report the curve."""

import time
from pathlib import Path

import dagster as dg

from acecoder_dagster.data.lake import Artifact
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.evaluation import plot_learning_curves
from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.graph.keys import made_from, stage_key
from acecoder_dagster.graph.live_curves import LiveCurves
from acecoder_dagster.graph.metadata import Metadata, picture, rounded
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.run_tables import result_of
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.worker_process import run_worker, workplace
from acecoder_dagster.learning.training import HACKING_REPORT_FILE
from acecoder_dagster.learning.training.checkpoints import settled_files
from acecoder_dagster.learning.workers import TENSORBOARD_FOLDER
from acecoder_dagster.learning.workers.curves import read_curves
from acecoder_dagster.learning.workers.specifications import Tracked

LEARNED = (
    "validation_pass_at_1",
    "validation_pass_at_1_at_start",
    "validation_pair_accuracy",
    "validation_loss",
    "loss",
)
"""Figures of a training that say what was learned; those that there are lead its page."""


def run_training(stage: Stage, step: Step, project: OpenProject) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bring a trained model up to date.

    Args:
        stage: what is trained, and from what.
        step: the step; its body sees the project through it.
        project: the project without limits on what is read.
    """
    model = stage.makes
    assert isinstance(model, Model), f"{stage.name} trains no model"
    if named := model.named(project.settings):
        return dg.MaterializeResult(metadata={"model": named, "trained_here": False})
    store, key = project.home.artifacts, stage_key(project, stage)

    def waiting() -> None:
        step.context.log.info(f"Another run is training {stage.name}; waiting for it")

    with store.training(stage.name, waiting):
        artifact = store.current(stage.name)
        reused = artifact is not None and artifact.content_key == key
        if artifact is None or not reused:
            folder = store.working_folder(stage.name, key)
            started = time.monotonic()
            page = project.home.curves_page(stage.name)
            _tell_where(step, page)
            working = workplace(step, folder, waiting, settled_files)
            tracked = Tracked(trackers=project.settings.curves.trackers, run=f"{stage.name} {key[:8]}")
            with working, LiveCurves(stage.name, folder, page) as live:
                specification = stage.body(step, folder).model_copy(update={"tracked": tracked})
                figures = live.figures = run_worker(step, specification, [folder])
            seconds = round(time.monotonic() - started, 3)
            artifact = store.finish(
                stage.name,
                key,
                {**figures, "seconds": seconds},
                dict(stage.settings(project, UNPARTITIONED)),
                made_from(project, stage),
            )
        store.fetched(artifact)
    step.figures = artifact.figures
    return dg.MaterializeResult(
        metadata=_metadata(artifact, project.home.curves_page(stage.name), reused=reused),
        data_version=dg.DataVersion(key),
        check_results=[result_of(check, step) for check in stage.checks],
    )


def _tell_where(step: Step, page: Path) -> None:
    """Let the asset's page and the run say, while it trains, where its curves so far can be seen."""
    step.context.log.info(f"The curves so far, for any browser: {page}")
    shown = {"curves so far": dg.MetadataValue.path(str(page))}
    step.context.log_event(dg.AssetObservation(step.name, metadata=shown))


def _metadata(artifact: Artifact, page: Path, *, reused: bool) -> Metadata:
    """Return what the asset's page tells of a model: first what it has learned, as figures and a picture."""
    figures = {name: rounded(figure) for name, figure in artifact.figures.items()}
    metadata: Metadata = {name: figures[name] for name in LEARNED if name in figures}
    if curves := read_curves(artifact.folder):
        metadata["learning_curves"] = picture(plot_learning_curves(curves), f"Learning curves of {artifact.name}")
    if (hacking := artifact.folder / HACKING_REPORT_FILE).is_file():
        metadata["hacking"] = dg.MetadataValue.md(hacking.read_text(encoding="utf-8"))
    links = {"curves": page, "tensorboard": artifact.folder / TENSORBOARD_FOLDER}
    return {
        **metadata,
        # Trained by an earlier version, a model has neither.
        **{name: dg.MetadataValue.path(str(path)) for name, path in links.items() if path.exists()},
        **figures,
        "reused": reused,
        "folder": dg.MetadataValue.path(str(artifact.folder)),
        "content_key": artifact.content_key,
    }
