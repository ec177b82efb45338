"""What a refresh would do, before anything is spent: questions, programs, model calls, tokens, time and money.

Which batches and stages are out of date is exact. How much of a batch is: exact where its inputs are there, at most
where they must be made first. Time and tokens are those that earlier runs measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    ORACLE_RESULTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    SEED_FUNCTIONS,
    TEST_RESULTS,
    WRITER_ANSWERS,
    Table,
)
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.refresh.staleness import CodeVersions, artifact_is_current, is_current
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.row_reuse import read_batch, row_keys
from acecoder_dagster.graph.stages import Stage, row_reuse
from acecoder_dagster.graph.steps.batch_sources import brings_programs, is_collected, procedural_number
from acecoder_dagster.graph.steps.warehouse import warehouse_is_current, warehouse_key
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.seeding import load_seeds
from acecoder_dagster.questions.test_suites.inputs import MOST_RUNS
from acecoder_dagster.settings import PriceSettings

IMPORTED = (QUESTIONS, CANDIDATE_TESTS, SAMPLED_PROGRAMS)
"""Tables that an import brings, questions by question."""
BASE_POLICY = "base_policy"

TRAINED_FROM = {
    "reward_model": ("preference_pairs", "base_policy"),
    "policy_rule": ("hard_questions", "base_policy"),
    "policy_reward_model": ("hard_questions", "base_policy", "reward_model"),
}
"""What models are trained from."""
RECORDED_FROM = {"rollouts": lineage.POLICIES, "training_curves": tuple(lineage.TRAININGS)}
"""Trainings whose records are read, whichever there are."""


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


def plan_refresh(project: Project, batches: Sequence[str], code_versions: CodeVersions) -> list[PlannedStage]:
    """Return the stages that a refresh of some batches and of everything made from them would work on, in order."""
    planned: dict[str, PlannedStage] = {}
    new_policy = lineage.trains_base_policy(project) and (
        not artifact_is_current(project, BASE_POLICY, code_versions)
        or _new_tables_of_policy(project, batches, code_versions)
    )
    for batch in batches:
        for name, work in _BatchPlan(project, batch, code_versions, new_policy=new_policy).work().items():
            stage = planned.setdefault(name, PlannedStage(name))
            stage.batches += 1
            stage.questions += work.questions
            stage.programs += work.programs
            stage.model_calls += work.model_calls
    ordered = [planned[name] for name in lineage.BATCH_STAGES if name in planned]
    for stage in ordered:
        _estimate(stage, project.lake.partitions(lineage.BATCH_STAGES[stage.stage](project).table), project)
    out_of_date = {stage.stage for stage in ordered}
    if not new_policy:
        return ordered + _whole_stages(project, out_of_date, code_versions)
    trained = project.home.artifacts.current(BASE_POLICY)
    policy = PlannedStage(BASE_POLICY, minutes=trained.figures["seconds"] / 60 if trained else None)
    policy.cost = _cost(policy, project.settings.prices)
    return [policy, *ordered, *_whole_stages(project, out_of_date | {BASE_POLICY}, code_versions)]


def _new_tables_of_policy(project: Project, batches: Sequence[str], code_versions: CodeVersions) -> bool:
    """Return whether a table that the base policy is trained on would change."""
    read = {table.name for table in lineage.base_policy_tables(project.settings)}
    return bool(read) and any(
        not read.isdisjoint(_BatchPlan(project, batch, code_versions, new_policy=False).work()) for batch in batches
    )


@dataclass
class _Work:
    questions: int
    programs: int = 0
    model_calls: int = 0


class _BatchPlan:
    """Follows one batch through its stages. Questions are told by id; None stands for all of the batch."""

    def __init__(self, project: Project, batch: str, code_versions: CodeVersions, *, new_policy: bool) -> None:
        self._project = project
        self._new_policy = new_policy
        self._batch = batch
        self._code_versions = code_versions
        self._settings = project.settings
        self._procedural = procedural_number(batch) is not None
        self._collected = is_collected(project, batch)
        self._brings_programs = brings_programs(project, batch)
        self._import: dict[Table, pl.DataFrame] = {}
        if not self._procedural and not self._collected:
            found = load_import(project.home.root, batch)
            self._import = dict(zip(IMPORTED, (found.questions, found.candidate_tests, found.programs), strict=True))

    def work(self) -> dict[str, _Work]:
        """Return what there is to do, by stage."""
        questions: dict[str, set[str] | None] = {}
        work: dict[str, _Work] = {}
        for name, describe in lineage.BATCH_STAGES.items():
            stage = describe(self._project)
            waits_for = [table.name for table in stage.inputs if table.name in questions]
            resampled = self._new_policy and name == SAMPLED_PROGRAMS.name and not self._brings_programs
            current = is_current(self._project, name, stage, self._batch, self._code_versions)
            if current and not waits_for and not resampled:
                continue
            units = None if resampled else self._changed_units(name, stage, follows=bool(waits_for))
            of_questions = self._questions_of(stage, units)
            for each in (questions[waited] for waited in waits_for):
                of_questions = None if of_questions is None or each is None else of_questions | each
            questions[name] = of_questions
            work[name] = self._count(name, of_questions, units if not waits_for else None)
        return work

    def _changed_units(self, name: str, stage: Stage, *, follows: bool) -> set[str] | None:
        """Return the units that a stage would compute if its inputs stayed as they are; None is all."""
        if self._project.lake.current(stage.table, self._batch) is None:
            return None
        if self._import and self._is_read(name):
            return self._changed_in_import()
        if stage.unit is None:
            return set() if follows else None
        owner = next(table for table in stage.inputs if table.key == stage.unit)
        try:
            left = row_reuse(self._project, stage, self._code_versions[name]).left(self._batch, self._current(owner))
        except dg.Failure:
            return None
        return set(left[stage.unit])

    def _is_read(self, name: str) -> bool:
        """Return whether a stage of an imported batch only reads what was imported."""
        return name in {SEED_FUNCTIONS.name, QUESTIONS.name, CANDIDATE_TESTS.name} or (
            name == SAMPLED_PROGRAMS.name and self._brings_programs
        )

    def _changed_in_import(self) -> set[str]:
        """Return the questions whose text, tests or programs are others in the import than in the tables."""
        now = row_keys("question_id", IMPORTED, self._import.__getitem__, "")
        before = row_keys("question_id", IMPORTED, self._current, "")
        return set(now.join(before, on=["unit", "row_key"], how="anti")["unit"])

    def _questions_of(self, stage: Stage, units: set[str] | None) -> set[str] | None:
        if units is None or stage.unit != "program_id":
            return units
        programs = self._current(SAMPLED_PROGRAMS)
        return set(programs.filter(pl.col("program_id").is_in(list(units)))["question_id"])

    def _count(self, name: str, questions: set[str] | None, units: set[str] | None) -> _Work:
        count = self._all_questions() if questions is None else len(questions)
        tests = self._settings.tests
        asks_writer = self._collected and self._settings.questions.writer == "endpoint"
        if name == WRITER_ANSWERS.name:
            return _Work(count, model_calls=count if asks_writer else 0)
        if name == CANDIDATE_TESTS.name:
            return _Work(count, programs=0 if self._import or asks_writer else count)
        if name == "oracle_programs":
            return _Work(count, model_calls=0 if self._brings_programs else count * len(tests.oracle_models))
        if name == ORACLE_RESULTS.name:
            references = 1 if tests.policy == "reference" else 0
            return _Work(count, programs=count * (references + len(tests.oracle_models)))
        if name == "filtered_tests":
            return _Work(count, programs=count * self._programs_for_suites())
        if name == SAMPLED_PROGRAMS.name:
            return _Work(count, model_calls=0 if self._brings_programs else count)
        if name == TEST_RESULTS.name:
            return _Work(count, programs=len(units) if units is not None else self._programs(questions, count))
        return _Work(count)

    def _programs_for_suites(self) -> int:
        """Return how many programs are run, at most, to improve the tests of one question."""
        tests = self._settings.tests
        if tests.max_tests == "all" and not tests.strengthening_rounds:
            return 0
        if not tests.strengthening_rounds:
            return tests.mutants
        known = 1 + len(tests.oracle_models) + tests.mutants
        # One round more than asked for: that of the inputs which reach new branches, after the runs that look for them.
        rounds = 1 + tests.strengthening_rounds
        return tests.mutants + MOST_RUNS + rounds * (self._settings.inputs.runs + known)

    def _programs(self, questions: set[str] | None, count: int) -> int:
        if not self._brings_programs:
            return count * self._settings.sampling.programs_per_question
        programs = self._import[SAMPLED_PROGRAMS]
        if questions is not None:
            programs = programs.filter(pl.col("question_id").is_in(list(questions)))
        return programs.height

    def _all_questions(self) -> int:
        if self._collected:
            return load_seeds(self._project.home.root, self._batch).seeds.height
        return self._settings.seeds.questions_per_batch if self._procedural else self._import[QUESTIONS].height

    def _current(self, table: Table) -> pl.DataFrame:
        return read_batch(self._project.lake, table, self._batch)


def _whole_stages(project: Project, out_of_date: set[str], code_versions: CodeVersions) -> list[PlannedStage]:
    """Return the tables made of all batches, and the trainings, that would be made anew."""
    planned = []

    def add(name: str, depends_on: Sequence[str], current: Callable[[], bool], seconds: float | None) -> None:
        if out_of_date.isdisjoint(depends_on) and current():
            return
        out_of_date.add(name)
        stage = PlannedStage(name, minutes=None if seconds is None else seconds / 60)
        stage.cost = _cost(stage, project.settings.prices)
        planned.append(stage)

    def add_training(name: str, made_from: Sequence[str]) -> None:
        artifact = project.home.artifacts.current(name)
        seconds = artifact.figures.get("seconds") if artifact else None
        add(name, made_from, lambda: artifact_is_current(project, name, code_versions), seconds)

    def add_table(name: str, describe: Callable[[Project], Stage]) -> None:
        stage = describe(project)
        found = project.lake.current(stage.table)
        made_from = [*(table.name for table in stage.inputs), *stage.artifacts, *RECORDED_FROM.get(name, ())]
        seconds = found.figures.get("seconds") if found else None
        add(name, made_from, lambda: is_current(project, name, stage, UNPARTITIONED, code_versions), seconds)

    add("warehouse", list(out_of_date), lambda: warehouse_is_current(project, warehouse_key(project)), None)
    for name, describe in lineage.TABLE_STAGES.items():
        add_table(name, describe)
    for name, made_from in TRAINED_FROM.items():
        add_training(name, made_from)
    for name, describe in lineage.EVALUATION_STAGES.items():
        add_table(name, describe)
    return planned


def _estimate(stage: PlannedStage, partitions: Sequence[Partition], project: Project) -> None:
    """Add tokens, minutes and cost as far as earlier runs of the stage tell."""
    calls = sum(p.figures.get("model_calls", 0) for p in partitions)
    for name in ("prompt_tokens", "completion_tokens"):
        if stage.model_calls and calls:
            measured = sum(p.figures.get(name, 0) for p in partitions)
            setattr(stage, name, measured / calls * stage.model_calls)
    done = sum(_work_done(partition, project) for partition in partitions)
    if done:
        seconds = sum(partition.figures.get("seconds", 0) for partition in partitions)
        stage.minutes = seconds / done * (stage.programs or stage.questions) / 60
    stage.cost = _cost(stage, project.settings.prices)


def _work_done(partition: Partition, project: Project) -> float:
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
