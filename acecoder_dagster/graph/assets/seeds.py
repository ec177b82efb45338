"""Where questions come from: seed functions, and the questions written from them."""

from collections.abc import Iterator

import dagster as dg
import polars as pl
from pydantic import Field

from acecoder_dagster.data.tables import QUESTIONS, SEED_FUNCTIONS, WRITER_ANSWERS
from acecoder_dagster.graph.groups import DATA_OWNERS, SYNTHESIS
from acecoder_dagster.graph.metadata import markdown_table
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.graph.steps.batch_sources import is_collected, procedural_number
from acecoder_dagster.graph.steps.decontamination import decontaminated
from acecoder_dagster.graph.steps.inbox import take_in
from acecoder_dagster.questions.importing import imported_batches, load_import
from acecoder_dagster.questions.micro.rows import procedural_questions, procedural_seeds
from acecoder_dagster.questions.seeding import load_seeds
from acecoder_dagster.questions.writing import ask_writer, documented_questions, written_questions
from acecoder_dagster.questions.writing.endpoint import EndpointError

COMPOSITIONS_HELD_OUT = "held_out_compositions_are_new"
QUESTIONS_HELD_OUT = "held_out_questions_are_new"


class TakeIn(dg.Config):
    """What to import before the imports are listed."""

    entry: str | None = Field(
        default=None,
        description="A file or folder in the inbox, or `source NAME`; the sensors fill this in",
    )


@dg.asset(group_name=SYNTHESIS, kinds={"parquet"}, owners=DATA_OWNERS, code_version="1")
def imported_files(context: dg.AssetExecutionContext, config: TakeIn, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Data sets brought in by `acecoder import` or through the inbox: files of questions, tests and programs.

    The files are checked and dealt to batches, which enter the graph where their columns allow: files with tests at
    candidate_tests, files with programs at sampled_programs.
    """
    taken_in = {} if config.entry is None else take_in(context, project, config.entry)
    imports = imported_batches(project.home.root)
    rows: list[dict[str, object]] = [
        {"batch": batch, **{f"{kind}s": count.kept for kind, count in stored.batches[batch].items()}}
        for batch, stored in imports.items()
    ]
    return dg.MaterializeResult(
        metadata={**taken_in, "batches": len(rows), "imports": dg.MetadataValue.md(markdown_table(rows))}
    )


@dg.asset(
    deps=[imported_files],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=SYNTHESIS,
    kinds={"parquet", "polars"},
    owners=DATA_OWNERS,
    code_version="2",
    check_specs=[
        accounted_check(SEED_FUNCTIONS),
        dg.AssetCheckSpec(
            COMPOSITIONS_HELD_OUT,
            asset="seed_functions",
            blocking=True,
            description="No procedural task shares its composition with one of another split",
        ),
    ],
)
def seed_functions(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Code to write questions from: procedural tasks, collected functions, or programs of an imported data set.

    Collected functions that come from a benchmark (setting decontamination.benchmarks) are rejected, with the evidence.
    """
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            rejected = None
            if (number := procedural_number(batch)) is not None:
                seeds = procedural_seeds(number, settings.seeds.questions_per_batch, settings.seed, settings.micro)
            elif is_collected(project, batch):
                collected = load_seeds(project.home.root, batch)
                seeds, contaminated = decontaminated(context, project, collected.seeds)
                rejected = pl.concat([collected.rejected, contaminated])
            else:
                seeds = load_import(project.home.root, batch).seeds
            yield batch, StageRows(seeds, seeds.height + (0 if rejected is None else rejected.height), rejected)

    stage = lineage.seed_functions(project)
    return run_stage(context, project, stage, compute, checks=lambda _: [_compositions_are_held_out(project)])


@dg.asset(
    deps=[seed_functions],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=SYNTHESIS,
    kinds={"parquet", "openai"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[accounted_check(WRITER_ANSWERS)],
)
def writer_answers(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What a language model answers when asked for questions about collected seeds, with tokens and cost.

    Empty for all other batches, and where questions are written without a model (setting questions.writer). Answers
    are kept as they come: a run that was stopped asks only what is missing.
    """
    settings = project.settings
    writing = settings.questions

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            if writing.writer != "endpoint" or not is_collected(project, batch):
                yield batch, StageRows(WRITER_ANSWERS.empty(), rows_in=0)
                continue
            seeds = project.lake.read(SEED_FUNCTIONS, [batch])
            progress = RowProgress(context, "answers", seeds.height)
            try:
                answers = ask_writer(
                    seeds, writing.prompt, writing.endpoint, project.home.answers, settings.seed, progress.advance
                )
            except EndpointError as error:
                raise dg.Failure(str(error), allow_retries=False) from error
            asked = answers.filter(~pl.col("reused"))
            figures = {
                "model_calls": asked.height,
                "prompt_tokens": int(asked["prompt_tokens"].sum()),
                "completion_tokens": int(asked["completion_tokens"].sum()),
                "cost": float(answers["cost"].sum()),
            }
            yield batch, StageRows(answers, rows_in=seeds.height, figures=figures)

    return run_stage(context, project, lineage.writer_answers(project), compute)


@dg.asset(
    deps=[seed_functions, writer_answers],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=SYNTHESIS,
    kinds={"parquet", "polars"},
    owners=DATA_OWNERS,
    code_version="2",
    check_specs=[
        accounted_check(QUESTIONS),
        dg.AssetCheckSpec(
            QUESTIONS_HELD_OUT,
            asset="questions",
            blocking=True,
            description="No question text stands in two splits",
        ),
    ],
)
def questions(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Coding questions, each answered by one function."""
    writer = project.settings.questions.writer

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            if procedural_number(batch) is not None:
                seeds = project.lake.read(SEED_FUNCTIONS, [batch])
                yield batch, StageRows(procedural_questions(seeds), rows_in=seeds.height)
            elif is_collected(project, batch):
                seeds = project.lake.read(SEED_FUNCTIONS, [batch])
                if writer == "endpoint":
                    written, rejected = written_questions(seeds, project.lake.read(WRITER_ANSWERS, [batch]))
                else:
                    written, rejected = documented_questions(seeds)
                yield batch, StageRows(written, seeds.height, rejected)
            else:
                imported = load_import(project.home.root, batch)
                rejected = imported.rejected.filter(pl.col("row_kind") == "question")
                rows_in = imported.questions.height + rejected.height
                yield batch, StageRows(imported.questions, rows_in, rejected)

    stage = lineage.questions(project)
    return run_stage(context, project, stage, compute, checks=lambda _: [_questions_are_held_out(project)])


def _compositions_are_held_out(project: Project) -> dg.AssetCheckResult:
    seeds = project.lake.read(SEED_FUNCTIONS).filter(pl.col("source") == "procedural")
    composition = pl.col("upstream_id").str.split("#").list.first()
    shared = _in_several_splits(seeds.with_columns(text=composition))
    advice = "materialize seed_functions of all procedural batches with one profile"
    return _held_out(COMPOSITIONS_HELD_OUT, shared, "compositions", advice)


def _questions_are_held_out(project: Project) -> dg.AssetCheckResult:
    shared = _in_several_splits(project.lake.read(QUESTIONS).with_columns(text=pl.col("question").str.strip_chars()))
    advice = "remove them from one of the imports, or import both with split = hash"
    return _held_out(QUESTIONS_HELD_OUT, shared, "question texts", advice)


def _held_out(check: str, shared: list[str], what: str, advice: str) -> dg.AssetCheckResult:
    found = f"{len(shared)} {what} stand in several splits, so training would see what is measured: {advice}"
    return dg.AssetCheckResult(
        check_name=check,
        passed=not shared,
        description=found if shared else f"No {what} stand in several splits",
        metadata={"shared": shared[:20]},
    )


def _in_several_splits(rows: pl.DataFrame) -> list[str]:
    splits = rows.group_by("text").agg(pl.col("split").n_unique())
    return splits.filter(pl.col("split") > 1)["text"].to_list()
