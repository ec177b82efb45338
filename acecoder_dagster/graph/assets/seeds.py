"""Where questions come from: seed functions, and the questions written from them."""

from collections.abc import Iterator, Mapping

import dagster as dg
import polars as pl
from pydantic import Field

from acecoder_dagster.data.tables import QUESTIONS, SEED_FUNCTIONS, WRITER_ANSWERS
from acecoder_dagster.graph.groups import SYNTHESIS
from acecoder_dagster.graph.inputs import LABELS, REVISION, Input, Rows, same_batch, without
from acecoder_dagster.graph.metadata import Metadata, markdown_table
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Check, Finding, PlannedBatch, StageRows, Work, page_stage, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batch_sources import batch_source, is_collected, is_imported, procedural_number
from acecoder_dagster.graph.steps.decontamination import decontaminated, decontamination_key
from acecoder_dagster.graph.steps.inbox import take_in
from acecoder_dagster.graph.steps.key_parts import shipped_data
from acecoder_dagster.questions.importing import imported_batches, load_import
from acecoder_dagster.questions.micro.rows import procedural_questions, procedural_seeds
from acecoder_dagster.questions.seeding import load_seeds
from acecoder_dagster.questions.writing import ask_writer, documented_questions, prompt_text, written_questions
from acecoder_dagster.questions.writing.endpoint import EndpointError
from acecoder_dagster.settings import Settings


class TakeIn(dg.Config):
    """What to import before the imports are listed."""

    entry: str | None = Field(
        default=None,
        description="A file or folder in the inbox, or `source NAME`; the sensors fill this in",
    )


@page_stage(group=SYNTHESIS, kinds={"parquet"}, code_version="1", config=TakeIn)
def imported_files(step: Step) -> Metadata:
    """Data sets brought in by `acecoder import` or through the inbox: files of questions, tests and programs.

    The files are checked and dealt to batches, which enter the graph where their columns allow: files with tests at
    candidate_tests, files with programs at sampled_programs.
    """
    assert isinstance(step.config, TakeIn)
    taken_in = {} if step.config.entry is None else take_in(step, step.config.entry)
    imports = imported_batches(step.project.home.root)
    rows: list[dict[str, object]] = [
        {"batch": batch, **{f"{kind}s": count.kept for kind, count in stored.batches[batch].items()}}
        for batch, stored in imports.items()
    ]
    return {**taken_in, "batches": len(rows), "imports": dg.MetadataValue.md(markdown_table(rows))}


def _procedural_settings(project: OpenProject, batch: str) -> Mapping[str, object]:
    if procedural_number(batch) is None:
        return {}
    settings = project.settings
    return {
        "micro": settings.micro.model_dump(),
        "primitives": shipped_data("questions/micro/primitives.toml"),
        "seeds": settings.seeds.questions_per_batch,
        "seed": settings.seed,
    }


def _origin_of_seeds(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Name the import, the collection or the procedural batch; of a collection also what it is kept away from."""
    origin: dict[str, object] = {"source": batch_source(project, batch)}
    return origin | ({"decontamination": decontamination_key(project)} if is_collected(project, batch) else {})


def _compositions_are_held_out(step: Step) -> Finding:
    seeds = step.project.lake.read(SEED_FUNCTIONS).filter(pl.col("source") == "procedural")
    composition = pl.col("upstream_id").str.split("#").list.first()
    shared = _in_several_splits(seeds.with_columns(text=composition))
    return _held_out(shared, "compositions", "materialize seed_functions of all procedural batches with one profile")


@table_stage(
    SEED_FUNCTIONS,
    waits_for=(imported_files,),
    settings=_procedural_settings,
    origin=_origin_of_seeds,
    code_version="2",
    partitions=seed_batches,
    group=SYNTHESIS,
    kinds={"parquet", "polars"},
    takes_import=is_imported,
    checks=(
        Check(
            "held_out_compositions_are_new",
            "No procedural task shares its composition with one of another split",
            _compositions_are_held_out,
        ),
    ),
)
def seed_functions(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Code to write questions from: procedural tasks, collected functions, or programs of an imported data set.

    Collected functions that come from a benchmark (setting decontamination.benchmarks) are rejected, with the evidence.
    """
    settings, root = step.settings, step.project.home.root
    for batch in step.batches:
        rejected = None
        if (number := procedural_number(batch)) is not None:
            seeds = procedural_seeds(number, settings.seeds.questions_per_batch, settings.seed, settings.micro)
        elif is_collected(step.project, batch):
            collected = load_seeds(root, batch)
            seeds, contaminated = decontaminated(step, collected.seeds)
            rejected = pl.concat([collected.rejected, contaminated])
        else:
            seeds = load_import(root, batch).seeds
        yield batch, StageRows(seeds, seeds.height + (0 if rejected is None else rejected.height), rejected)


def asks_writer(settings: Settings) -> bool:
    """Return whether a language model writes the questions of collected seeds."""
    return settings.questions.writer == "endpoint"


def _asked_of_writer(project: OpenProject, batch: str) -> Mapping[str, object]:
    writing = project.settings.questions
    if not (asks_writer(project.settings) and is_collected(project, batch)):
        return {}
    return {
        "writer": writing.writer,
        "endpoint": writing.endpoint.content(),
        "prompt": prompt_text(writing.prompt),
        "seed": project.settings.seed,
    }


def _answers_to_ask_for(planned: PlannedBatch) -> Work:
    project = planned.project
    asked = asks_writer(project.settings) and is_collected(project, planned.batch)
    return Work(model_calls=planned.questions if asked else 0)


@table_stage(
    WRITER_ANSWERS,
    reads=without(LABELS, same_batch(SEED_FUNCTIONS)),
    settings=_asked_of_writer,
    code_version="1",
    partitions=seed_batches,
    group=SYNTHESIS,
    kinds={"parquet", "openai"},
    work=_answers_to_ask_for,
)
def writer_answers(step: Step) -> Iterator[tuple[str, StageRows]]:
    """What a language model answers when asked for questions about collected seeds, with tokens and cost.

    Empty for all other batches, and where questions are written without a model (setting questions.writer). Answers
    are kept as they come: a run that was stopped asks only what is missing.
    """
    for batch in step.batches:
        if asks_writer(step.settings) and is_collected(step.project, batch):
            yield batch, _answers(step, step.read(SEED_FUNCTIONS, batch))
        else:
            yield batch, StageRows(WRITER_ANSWERS.empty(), rows_in=0)


def _answers(step: Step, seeds: pl.DataFrame) -> StageRows:
    writing = step.settings.questions
    progress = step.progress("answers", seeds.height)
    home, seed = step.project.home, step.settings.seed

    def waiting() -> None:
        step.context.log.info("Another machine asks the same model; waiting for it")

    try:
        with home.store.working(home.answers, waiting):
            answers = ask_writer(seeds, writing.prompt, writing.endpoint, home.answers, seed, progress.advance)
    except EndpointError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    asked = answers.filter(~pl.col("reused"))
    figures = {
        "model_calls": asked.height,
        "prompt_tokens": int(asked["prompt_tokens"].sum()),
        "completion_tokens": int(asked["completion_tokens"].sum()),
        "cost": float(answers["cost"].sum()),
    }
    return StageRows(answers, rows_in=seeds.height, figures=figures)


def _writer(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {"writer": project.settings.questions.writer} if is_collected(project, batch) else {}


def _origin_of_questions(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Name the import, whose questions are taken as they are: its seeds do not say all that is in them."""
    return {"source": batch_source(project, batch)} if is_imported(project, batch) else {}


def _questions_are_held_out(step: Step) -> Finding:
    rows = step.project.lake.read(QUESTIONS)
    shared = _in_several_splits(rows.with_columns(text=pl.col("question").str.strip_chars()))
    return _held_out(shared, "question texts", "remove them from one of the imports, or import both with split = hash")


@table_stage(
    QUESTIONS,
    reads=(
        *without(REVISION, same_batch(SEED_FUNCTIONS)),
        Input(WRITER_ANSWERS, Rows.SAME_BATCH, when=asks_writer),
    ),
    settings=_writer,
    origin=_origin_of_questions,
    carries=LABELS,
    code_version="2",
    partitions=seed_batches,
    group=SYNTHESIS,
    kinds={"parquet", "polars"},
    takes_import=is_imported,
    checks=(Check("held_out_questions_are_new", "No question text stands in two splits", _questions_are_held_out),),
)
def questions(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Coding questions, each answered by one function."""
    for batch in step.batches:
        if is_imported(step.project, batch):
            imported = load_import(step.project.home.root, batch)
            rejected = imported.rejected.filter(pl.col("row_kind") == "question")
            yield batch, StageRows(imported.questions, imported.questions.height + rejected.height, rejected)
            continue
        seeds = step.read(SEED_FUNCTIONS, batch)
        if procedural_number(batch) is not None:
            yield batch, StageRows(procedural_questions(seeds), rows_in=seeds.height)
        elif asks_writer(step.settings):
            written, rejected = written_questions(seeds, step.read(WRITER_ANSWERS, batch))
            yield batch, StageRows(written, seeds.height, rejected)
        else:
            written, rejected = documented_questions(seeds)
            yield batch, StageRows(written, seeds.height, rejected)


def _held_out(shared: list[str], what: str, advice: str) -> Finding:
    found = f"{len(shared)} {what} stand in several splits, so training would see what is measured: {advice}"
    return Finding(
        passed=not shared,
        description=found if shared else f"No {what} stand in several splits",
        metadata={"shared": shared[:20]},
    )


def _in_several_splits(rows: pl.DataFrame) -> list[str]:
    splits = rows.group_by("text").agg(pl.col("split").n_unique())
    return splits.filter(pl.col("split") > 1)["text"].to_list()
