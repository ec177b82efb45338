"""What a refresh would do, before anything is spent: questions, programs, model calls, tokens, time and money.

Which batches and stages are out of date is exact. How much of a batch is: exact where its inputs are there, at most
where they must be made first. Time and tokens are those that earlier runs measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import CANDIDATE_TESTS, QUESTIONS, SAMPLED_PROGRAMS, Table
from acecoder_dagster.graph.assets import STAGES, warehouse
from acecoder_dagster.graph.inputs import Model, Rows
from acecoder_dagster.graph.keys import MissingInputError, is_current
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.row_reuse import read_batch, row_keys
from acecoder_dagster.graph.run_tables import row_reuse
from acecoder_dagster.graph.stages import PlannedBatch, Stage
from acecoder_dagster.graph.steps.batch_sources import brings_programs, is_collected, is_imported
from acecoder_dagster.graph.steps.warehouse import warehouse_is_current, warehouse_key
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.seeding import load_seeds
from acecoder_dagster.settings import PriceSettings

IMPORTED = (QUESTIONS, CANDIDATE_TESTS, SAMPLED_PROGRAMS)
"""Tables that an import brings, question by question."""


@dataclass
class PlannedStage:
    """What a refresh would do in one stage.

    Questions and programs to work on (programs are those run in the sandbox) and calls of models are counted. Tokens,
    minutes and cost are None where no earlier run tells, or where no price is set.
    """

    stage: str
    batches: int = 0
    questions: int = 0
    programs: int = 0
    model_calls: int = 0
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    minutes: float | None = None
    cost: float | None = None


def plan_refresh(project: OpenProject, batches: Sequence[str]) -> list[PlannedStage]:
    """Return the stages that a refresh of some batches and of everything made from them would work on, in order."""
    plans = [_BatchPlan(project, batch) for batch in batches]
    planned: dict[str, PlannedStage] = {}
    for stage in STAGES:
        if stage.partitions is not None:
            work = [found for plan in plans if (found := plan.work(stage, set(planned)))]
            if work:
                planned[stage.name] = _of_batches(project, stage, work)
        elif _is_stale(project, stage, planned):
            planned[stage.name] = _of_whole(project, stage)
    for each in planned.values():
        each.cost = _cost(each, project.settings.prices)
    return list(planned.values())


def _is_stale(project: OpenProject, stage: Stage, planned: dict[str, PlannedStage]) -> bool:
    """Return whether a table of all batches, a model or the warehouse would be made anew."""
    if stage.makes is None:
        stale = not warehouse_is_current(project, warehouse_key(project))
        return stage is warehouse and (stale or bool(planned))
    if isinstance(stage.makes, Model) and stage.makes.named(project.settings):
        return False
    return any(each.name in planned for each in stage.inputs(project.settings)) or not is_current(project, stage)


@dataclass
class _Work:
    questions: int
    programs: int = 0
    model_calls: int = 0


class _BatchPlan:
    """Follows one batch through its stages. Questions are told by id; None stands for all of the batch."""

    def __init__(self, project: OpenProject, batch: str) -> None:
        self._project = project
        self._batch = batch
        self._changed: dict[str, set[str] | None] = {}
        self._import: dict[Table, pl.DataFrame] = {}
        if is_imported(project, batch):
            found = load_import(project.home.root, batch)
            self._import = dict(zip(IMPORTED, (found.questions, found.candidate_tests, found.programs), strict=True))

    def work(self, stage: Stage, made_anew: set[str]) -> _Work | None:
        """Return what there is to do in a stage, None where it is up to date.

        Args:
            stage: the next stage; those before it were asked for already.
            made_anew: names of the stages before it that work on something.
        """
        inputs = [each for each in stage.inputs(self._project.settings) if each.for_batch(self._project, self._batch)]
        follows = [each.name for each in inputs if each.name in self._changed]
        other_model = any(each.name in made_anew for each in inputs if each.rows is not Rows.SAME_BATCH)
        if not follows and not other_model and is_current(self._project, stage, self._batch):
            return None
        units = None if other_model else self._changed_units(stage, follows=bool(follows))
        questions = self._questions_of(stage, units)
        for each in (self._changed[name] for name in follows):
            questions = None if questions is None or each is None else questions | each
        self._changed[stage.name] = questions
        count = self._all_questions() if questions is None else len(questions)
        by_program = stage.unit == "program_id" and units is not None and not follows
        programs = len(units or ()) if by_program else self._programs(questions, count)
        work = stage.work(PlannedBatch(self._project, self._batch, count, programs))
        return _Work(count, work.programs, work.model_calls)

    def _changed_units(self, stage: Stage, *, follows: bool) -> set[str] | None:
        """Return the units that a stage would compute if its inputs stayed as they are; None is all."""
        if self._project.lake.current(stage.table, self._batch) is None:
            return None
        if stage.takes_import(self._project, self._batch):
            return self._changed_in_import()
        if stage.unit is None:
            return set() if follows else None
        try:
            changed = row_reuse(self._project, stage).changed(self._batch, self._current(_owner(stage)))
        except MissingInputError:
            return None
        return set(changed[stage.unit])

    def _changed_in_import(self) -> set[str]:
        """Return the questions whose text, tests or programs are others in the import than in the tables."""
        now = row_keys("question_id", IMPORTED, self._import.__getitem__, "")
        before = row_keys("question_id", IMPORTED, self._current, "")
        return set(now.join(before, on=["unit", "row_key"], how="anti")["unit"])

    def _questions_of(self, stage: Stage, units: set[str] | None) -> set[str] | None:
        if units is None or stage.unit != "program_id":
            return units
        programs = self._current(_owner(stage))
        return set(programs.filter(pl.col("program_id").is_in(list(units)))["question_id"])

    def _programs(self, questions: set[str] | None, count: int) -> int:
        if not brings_programs(self._project, self._batch):
            return count * self._project.settings.sampling.programs_per_question
        programs = self._import[SAMPLED_PROGRAMS]
        if questions is not None:
            programs = programs.filter(pl.col("question_id").is_in(list(questions)))
        return programs.height

    def _all_questions(self) -> int:
        if is_collected(self._project, self._batch):
            return load_seeds(self._project.home.root, self._batch).seeds.height
        return self._import[QUESTIONS].height if self._import else self._project.settings.seeds.questions_per_batch

    def _current(self, table: Table) -> pl.DataFrame:
        return read_batch(self._project.lake, table, self._batch)


def _owner(stage: Stage) -> Table:
    """Return the input that has the stage's unit as its key."""
    return next(each.of for each in stage.reads if isinstance(each.of, Table) and each.of.key == stage.unit)


def _of_batches(project: OpenProject, stage: Stage, work: Sequence[_Work]) -> PlannedStage:
    planned = PlannedStage(
        stage.name,
        batches=len(work),
        questions=sum(each.questions for each in work),
        programs=sum(each.programs for each in work),
        model_calls=sum(each.model_calls for each in work),
    )
    partitions = project.lake.partitions(stage.table)
    calls = sum(p.figures.get("model_calls", 0) for p in partitions)
    for name in ("prompt_tokens", "completion_tokens"):
        if planned.model_calls and calls:
            measured = sum(p.figures.get(name, 0) for p in partitions)
            setattr(planned, name, measured / calls * planned.model_calls)
    if done := sum(_work_done(partition, project) for partition in partitions):
        seconds = sum(partition.figures.get("seconds", 0) for partition in partitions)
        planned.minutes = seconds / done * (planned.programs or planned.questions) / 60
    return planned


def _of_whole(project: OpenProject, stage: Stage) -> PlannedStage:
    if stage.makes is None:
        return PlannedStage(stage.name)
    found = (
        project.home.artifacts.current(stage.name)
        if isinstance(stage.makes, Model)
        else project.lake.current(stage.table)
    )
    seconds = found.figures.get("seconds") if found else None
    return PlannedStage(stage.name, minutes=None if seconds is None else seconds / 60)


def _work_done(partition: Partition, project: OpenProject) -> float:
    """Return what the run that wrote a partition worked on: programs, else questions, in the unit of the plan."""
    if executed := partition.figures.get("programs_executed"):
        return float(executed)
    questions = project.lake.current(QUESTIONS, partition.batch)
    rows_in = partition.figures.get("rows_in", 0)
    if questions is None or not rows_in:
        return 0
    return float((questions.rows + questions.rejected) * (1 - partition.figures.get("reused", 0) / rows_in))


def _cost(stage: PlannedStage, prices: PriceSettings) -> float | None:
    """Return the money for tokens and machine time; None where there is no price, or none of it is known."""
    parts = [
        (stage.prompt_tokens, prices.prompt_tokens, 1e6),
        (stage.completion_tokens, prices.completion_tokens, 1e6),
        (stage.minutes, prices.machine_hour, 60),
    ]
    known = [amount * price / per for amount, price, per in parts if amount is not None and price is not None]
    return sum(known) if known else None
