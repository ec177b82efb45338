"""What a refresh would do, before anything is spent: questions, programs, model calls, tokens, time and money.

Which batches and stages are out of date is exact. How much of a batch is: exact where its inputs are there, at most
where they must be made first. Time and tokens are those that earlier runs measured.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import Partition, column_digests
from acecoder_dagster.data.tables import CANDIDATE_TESTS, QUESTIONS, SAMPLED_PROGRAMS, SEED_FUNCTIONS, Table
from acecoder_dagster.evaluation.benchmarks.answering.asked import drawn
from acecoder_dagster.graph.assets import STAGES, warehouse
from acecoder_dagster.graph.inputs import LABELS, Input, Model, Rows
from acecoder_dagster.graph.keys import MissingInputError, is_current
from acecoder_dagster.graph.partitions import benchmarked_models
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

Columns = dict[str, frozenset[str] | None]
"""By stage that would be made anew, the columns that would change; None where that is not known: any."""


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
    """Return the stages that a refresh of some batches and of everything made from them would work on, in order.

    Args:
        project: the project.
        batches: seed batches, and pairs of a model and a benchmark.
    """
    pairs = [batch for batch in batches if batch in project.settings.benchmarks.partitions]
    stale_pairs: dict[str, set[str]] = {}
    plans = [_BatchPlan(project, batch) for batch in batches if batch not in pairs]
    planned: dict[str, PlannedStage] = {}
    columns: Columns = {}
    for stage in STAGES:
        if stage.partitions is benchmarked_models:
            read = [stale_pairs.get(each.name, set()) for each in stage.inputs(project.settings)]
            stale = {pair for pair in pairs if _is_stale_pair(project, stage, pair, columns)}.union(*read)
            stale_pairs[stage.name] = stale
            if stale:
                planned[stage.name] = _of_pairs(project, stage, stale)
        elif stage.partitions is not None:
            work = [found for plan in plans if (found := plan.work(stage, columns))]
            if work:
                planned[stage.name] = _of_batches(project, stage, work)
                columns[stage.name] = _united(plan.columns[stage.name] for plan in plans if stage.name in plan.columns)
        elif _is_stale(project, stage, planned, columns):
            planned[stage.name] = _of_whole(project, stage)
            columns[stage.name] = None
    for each in planned.values():
        each.cost = _cost(each, project.settings.prices)
    return list(planned.values())


def _united(changed: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    united: frozenset[str] = frozenset()
    for each in changed:
        if each is None:
            return None
        united |= each
    return united


def _matters(read: Input, columns: Columns) -> bool:
    """Return whether an input would change in a column that is read."""
    if read.name not in columns:
        return False
    changed = columns[read.name]
    return changed is None or bool(changed - set(read.without))


def _is_stale(project: OpenProject, stage: Stage, planned: dict[str, PlannedStage], columns: Columns) -> bool:
    """Return whether a table of all batches, a model or the warehouse would be made anew."""
    if stage.makes is None:
        stale = not warehouse_is_current(project, warehouse_key(project))
        return stage is warehouse and (stale or bool(planned))
    if isinstance(stage.makes, Model) and stage.makes.named(project.settings):
        return False
    return any(_matters(each, columns) for each in stage.inputs(project.settings)) or not is_current(project, stage)


def _is_stale_pair(project: OpenProject, stage: Stage, pair: str, columns: Columns) -> bool:
    """Return whether a model would be evaluated on a benchmark anew, for its own sake or for that of the model."""
    inputs = [each for each in stage.inputs(project.settings) if each.for_batch(project, pair)]
    return any(_matters(each, columns) for each in inputs) or not is_current(project, stage, pair)


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
        self.columns: Columns = {}
        self._changed: dict[str, set[str] | None] = {}
        self._import: dict[Table, pl.DataFrame] = {}
        if is_imported(project, batch):
            found = load_import(project.home.root, batch)
            self._import = dict(zip(IMPORTED, (found.questions, found.candidate_tests, found.programs), strict=True))
            self._import[SEED_FUNCTIONS] = found.seeds

    def work(self, stage: Stage, made_anew: Columns) -> _Work | None:
        """Return what there is to do in a stage, None where it is up to date.

        Args:
            stage: the next stage; those before it were asked for already.
            made_anew: what the stages before it would change, for all batches together.
        """
        inputs = [each for each in stage.inputs(self._project.settings) if each.for_batch(self._project, self._batch)]
        follows = [each.name for each in inputs if _matters(each, self.columns)]
        other_model = any(_matters(each, made_anew) for each in inputs if each.rows is not Rows.SAME_BATCH)
        current = is_current(self._project, stage, self._batch)
        if not follows and not other_model and current:
            return None
        self.columns[stage.name] = self._columns_changed(stage, follows if current else [])
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

    def _columns_changed(self, stage: Stage, follows: Sequence[str]) -> frozenset[str] | None:
        """Return the columns that would change, None where it cannot be said.

        Args:
            stage: a stage that would be made anew.
            follows: the inputs for whose sake alone that is; none where there are other reasons.
        """
        before = self._project.lake.current(stage.table, self._batch)
        if before is None:
            return None
        if (rows := self._known_rows(stage)) is not None:
            now, then = column_digests(stage.table, stage.table.conform(rows)), before.column_digests(stage.table)
            return frozenset(name for name, digest in now.items() if digest != then.get(name))
        changed = _united(self.columns[name] for name in follows)
        return changed if follows and changed is not None and changed <= set(stage.carries) else None

    def _known_rows(self, stage: Stage) -> pl.DataFrame | None:
        """Return the rows that a stage will make where they lie ready: those of an import or a collection."""
        if stage.takes_import(self._project, self._batch):
            return self._import[stage.table]
        clean = not self._project.settings.decontamination.benchmarks
        if stage.table is SEED_FUNCTIONS and clean and is_collected(self._project, self._batch):
            return load_seeds(self._project.home.root, self._batch).seeds
        return None

    def _changed_in_import(self) -> set[str]:
        """Return the questions whose text, tests or programs are others in the import than in the tables."""
        counted = dict.fromkeys(IMPORTED, LABELS)
        now = row_keys("question_id", counted, self._import.__getitem__, "")
        before = row_keys("question_id", counted, self._current, "")
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


def _of_pairs(project: OpenProject, stage: Stage, pairs: Collection[str]) -> PlannedStage:
    planned = PlannedStage(stage.name, batches=len(pairs))
    for pair in pairs:
        _, protocol = project.settings.benchmarks.partitions[pair]
        tasks = protocol.data.rows
        programs = tasks * drawn(protocol.decoding, project.settings.benchmarks.n).n
        work = stage.work(PlannedBatch(project, pair, tasks, programs))
        planned.questions += tasks
        planned.programs += work.programs
        planned.model_calls += work.model_calls
    measured = [partition.figures.get("seconds", 0) for partition in project.lake.partitions(stage.table)]
    if measured:
        planned.minutes = sum(measured) / len(measured) * len(pairs) / 60
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
