"""Content keys: the hash of everything that a stage's rows depend on, as its statement says.

Where the key of the current version is the key of now, the stage is up to date. A table that is read stands in the key
by its rows, not by what they were made from: one that is made anew with the same rows changes nothing.
"""

from pathlib import Path

import dagster as dg

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import Table
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.inputs import Input, Model, Rows, partitions_read
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.learning.model_address import read_address, write_address


class MissingInputError(dg.Failure):
    """A stage reads something that was never made; the message says what, and what to do."""

    def __init__(self, name: str, batch: str) -> None:
        of_batch = "" if batch == UNPARTITIONED else f" for batch {batch}"
        super().__init__(f"{name} is not there yet{of_batch}: materialize it first", allow_retries=False)


def stage_key(project: OpenProject, stage: Stage, batch: str = UNPARTITIONED) -> str:
    """Return the content key that a batch of a stage has when it is up to date.

    Raises:
        MissingInputError: an input was never made.
    """
    inputs: dict[str, object] = {}
    for each in _inputs(project, stage, batch):
        found = input_key(project, each, batch)
        if not found and not each.may_be_missing:
            raise MissingInputError(each.name, batch)
        inputs[each.name] = found
    if isinstance(stage.makes, Model):
        # Programs carry the key of the model that wrote them as its revision, so its form stays as it always was.
        trained_with = {**stage.settings(project, batch), **inputs}
        return content_key(artifact=stage.name, code=stage.code_version, inputs=trained_with)
    return content_key(base=base_key(project, stage, batch), inputs=inputs)


def base_key(project: OpenProject, stage: Stage, batch: str) -> str:
    """Return the hash of what the rows depend on beside tables: code, settings, origin, models."""
    models = {
        each.name: input_key(project, each, batch)
        for each in _inputs(project, stage, batch)
        if isinstance(each.of, Model)
    }
    return content_key(
        stage=stage.name,
        code=stage.code_version,
        settings=stage.settings(project, batch),
        origin=stage.origin(project, batch),
        models=models,
    )


def input_key(project: OpenProject, read: Input, batch: str) -> object:
    """Return what stands for the content of an input; empty where it is not there."""
    if isinstance(read.of, Table):
        found = partitions_read(project, read, batch)
        if read.rows is Rows.SAME_BATCH:
            return [partition.content(read.of, read.without) for partition in found]
        return [(partition.batch, partition.content(read.of, read.without)) for partition in found]
    return model_key(project, read.of)


def model_key(project: OpenProject, model: Model) -> str | None:
    """Return what stands for a model: the key of its training, or its content; None where it is not there."""
    if named := model.named(project.settings):
        name, revision = read_address(named)
        return write_address(name, model_revision(name, revision))
    trained = project.home.artifacts.current(model.name)
    return trained.content_key if trained else None


def made_from(project: OpenProject, stage: Stage) -> list[Path]:
    """Return the files of rows and the folders of models that a training reads."""
    read: list[Path] = []
    for each in _inputs(project, stage, UNPARTITIONED):
        if isinstance(each.of, Table):
            read += [partition.rows_file for partition in partitions_read(project, each, UNPARTITIONED)]
        elif trained := project.home.artifacts.current(each.name):
            read.append(trained.folder)
    return read


def is_current(project: OpenProject, stage: Stage, batch: str = UNPARTITIONED) -> bool:
    """Return whether a batch of a table, or a model, was made from its inputs, settings and code as they are now."""
    if isinstance(stage.makes, Model):
        if stage.makes.named(project.settings):
            return True
        current: str | None = model_key(project, stage.makes)
    else:
        found = project.lake.current(stage.table, batch)
        current = found.content_key if found else None
    if current is None:
        return False
    try:
        return current == stage_key(project, stage, batch)
    except MissingInputError:
        # What it is made from is not there (any more): it is computed before this one.
        return False


def _inputs(project: OpenProject, stage: Stage, batch: str) -> list[Input]:
    return [each for each in stage.inputs(project.settings) if each.for_batch(project, batch)]
