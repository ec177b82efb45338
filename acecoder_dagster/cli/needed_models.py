"""Whether a run needs the libraries for models, known before it begins."""

from collections.abc import Sequence

from acecoder_dagster.cli.models import ENGINES, need_libraries
from acecoder_dagster.graph.assets import STAGES, oracle_programs, sampled_programs
from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.graph.partitions import benchmarked_models
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.graph.steps.batch_sources import brings_programs


def refuse_without_libraries(
    project: OpenProject, assets: Sequence[str] | None, batches: Sequence[str], pairs: Sequence[str] = ()
) -> None:
    """Refuse a run that trains or samples where the libraries for that are not installed.

    Args:
        project: The project folder and its settings.
        assets: The assets of the run; all of the graph when left out.
        batches: The seed batches of the run.
        pairs: The pairs of a model and a benchmark of the run.

    Raises:
        MissingModelsError: Some are missing; the message names the asset and what to install.
    """
    bring_theirs = all(brings_programs(project, batch) for batch in batches)
    for stage in STAGES:
        if stage.partitions is benchmarked_models and not pairs:
            continue
        if (assets is None or stage.name in assets) and _uses_models(project, stage, bring_theirs):
            need_libraries(f"the asset {stage.name}", also=ENGINES)


def _uses_models(project: OpenProject, stage: Stage, bring_theirs: bool) -> bool:
    if not stage.uses_accelerator:
        return False
    if isinstance(stage.makes, Model):
        return stage.makes.named(project.settings) is None
    if stage is oracle_programs:
        return bool(project.settings.tests.oracle_models) and not bring_theirs
    return not (stage is sampled_programs and bring_theirs)
