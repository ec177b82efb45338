"""Strengthening: further tests, where the trusted program takes other branches and where other programs differ from it.

A suite that kills what it was made from says little of the next program's faults (EvolveCoder, 2026: four rounds of
tests written against the programs that survive). Inputs are the tests' own arguments, changed a little within their
types (EvalPlus, Liu et al. 2023), so that they stay near what the question's writers had in mind; and at first, inputs
for branches of the trusted program that no kept test reaches. What it returns, the same in every run, is expected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.tables import ASSERT, FILTERED_TESTS
from acecoder_dagster.judge import Observation
from acecoder_dagster.questions.importing import call_arguments
from acecoder_dagster.questions.test_suites.choosing.agreement import CERTAIN
from acecoder_dagster.questions.test_suites.choosing.filtering import FilteredTests, rejected_tests
from acecoder_dagster.questions.test_suites.choosing.oracles import MODEL
from acecoder_dagster.questions.test_suites.choosing.pass_table import MUTANT, JudgeOutcomes, PassTable
from acecoder_dagster.questions.test_suites.expectations import ADVERSARIAL, BRANCHING, write_tests
from acecoder_dagster.questions.test_suites.inputs import (
    Arguments,
    InputSettings,
    Observe,
    Subject,
    branching_inputs,
    observe_given,
    varied,
)

INPUTS_PER_ROUND = 24
"""Inputs tried per question and round."""

MAJORITY = 0.5
"""Share of the surviving oracle programs that must agree with a reference. Where most give another value, the question
probably says nothing about the input."""


@dataclass(frozen=True)
class Strengthened:
    """Tests with those of the adversarial rounds; tests kept and rejected are `tried` more than before."""

    filtered: FilteredTests
    passes: PassTable
    tried: int


def strengthen_suites(
    filtered: FilteredTests,
    passes: PassTable,
    candidates: pl.DataFrame,
    questions: pl.DataFrame,
    judge_outcomes: JudgeOutcomes,
    observe: Observe,
    settings: InputSettings,
    *,
    rounds: int,
    seed: int,
    threads: int,
) -> Strengthened:
    """Add tests that refuse programs which no kept test refuses, and tests of branches that no kept test reaches.

    Each round changes arguments of the kept tests, runs the trusted program on them, and the surviving programs on the
    tests that come of it. Kept are as few as refuse every program that any of them refuses. A question is done when a
    round finds nothing, or when its trusted program does not pass its tests. Tests of new branches come before the
    first round and are kept whatever the programs at hand make of them, for the mistakes of programs yet to come.

    Args:
        filtered: what a policy kept and rejected.
        passes: what programs do on the kept tests.
        candidates: columns of CANDIDATE_TESTS; what they ask is not asked again.
        questions: columns question_id, entry_point, setup_code.
        judge_outcomes: runs programs on tests.
        observe: runs calls on the trusted program.
        settings: how long arguments and values may be, how often a call must give the same.
        rounds: most rounds.
        seed: decides the inputs.
        threads: trusted programs run at the same time.

    Returns:
        The tests with the new ones behind them, every other input as a rejected row, and what programs do on all
        tests.
    """
    asked = questions.join(filtered.kept.filter(kind=ASSERT), on="question_id", how="semi")
    entry_points = dict(asked.select("question_id", "entry_point").iter_rows())
    tried: dict[str, set[str]] = {question: set() for question in entry_points}
    for question, test in candidates.filter(kind=ASSERT).select("question_id", "test").iter_rows():
        if question in tried and (known := _arguments(test, entry_points[question])) is not None:
            tried[question].add(known.text)
    runs: list[str] = []

    def counted(program: str, setup_code: str, calls: Sequence[str]) -> list[Observation]:
        runs.append(program)
        return observe(program, setup_code, calls)

    bench = _Bench(judge_outcomes, counted, settings, seed, threads)
    state = Strengthened(filtered, passes, 0)
    subjects = _subjects(asked, state)
    reaching = branching_inputs(subjects, counted, settings, seed, threads)
    state, _ = bench.tried(state, _with_inputs(subjects, reaching, tried), BRANCHING)
    for number in range(rounds):
        # Where only the trusted program is left, nothing can differ from it.
        contested = state.passes.survivors().filter(pl.len().over("question_id") > 1)
        subjects = _subjects(asked.join(contested, on="question_id", how="semi"), state)
        near = [_near_inputs(subject, f"strengthening {seed} {number}", settings) for subject in subjects]
        state, new = bench.tried(state, _with_inputs(subjects, near, tried), ADVERSARIAL)
        asked = asked.join(new, on="question_id", how="semi")
    return replace(state, passes=replace(state.passes, executed=state.passes.executed + len(runs)))


@dataclass(frozen=True)
class _Bench:
    """Tries inputs: what the trusted program returns on them, and what the others make of the tests that come of it."""

    judge_outcomes: JudgeOutcomes
    observe: Observe
    settings: InputSettings
    seed: int
    threads: int

    def tried(self, state: Strengthened, subjects: Sequence[Subject], origin: str) -> tuple[Strengthened, pl.DataFrame]:
        """Return the tests with those that the arguments of the subjects give, and these alone."""
        observed = observe_given(subjects, self.observe, self.settings, self.seed, self.threads)
        written = write_tests(observed, origin, FILTERED_TESTS.name)
        survivors = state.passes.survivors().join(written.tests, on="question_id", how="semi")
        outcomes = self.judge_outcomes(survivors, written.tests)
        reasons = _reasons(outcomes, survivors, state.passes.trusted, needs_failing=origin == ADVERSARIAL)
        judged = written.tests.join(reasons, on="test_id")
        new = judged.filter(reason="")
        others = state.passes.programs.join(new, on="question_id", how="semi").join(
            survivors, on="program_id", how="anti"
        )
        on_new = pl.concat([outcomes.join(new, on="test_id", how="semi"), self.judge_outcomes(others, new)])
        useless = rejected_tests(judged.filter(pl.col("reason") != ""), pl.col("reason"))
        stronger = Strengthened(
            _with_tests(state.filtered, new, [written.rejected, useless]),
            state.passes.with_outcomes(on_new, survivors.height + others.height),
            state.tried + written.rows_in,
        )
        return stronger, new


def _subjects(questions: pl.DataFrame, state: Strengthened) -> list[Subject]:
    """Return the trusted programs that pass their tests, with the arguments of these."""
    programs = dict(state.passes.survivors().select("program_id", "program").iter_rows())
    tests = dict(state.filtered.kept.group_by("question_id", maintain_order=True).agg("test").iter_rows())
    subjects = []
    for question, entry_point, setup in questions.select("question_id", "entry_point", "setup_code").iter_rows():
        program = programs.get(state.passes.trusted.get(question, ""))
        if program is not None:
            seen = [found.text for test in tests[question] if (found := _arguments(test, entry_point)) is not None]
            subjects.append(Subject(question, entry_point, program, setup, tuple(seen)))
    return subjects


def _near_inputs(subject: Subject, seed: str, settings: InputSettings) -> list[Arguments]:
    seen = [found for text in subject.argument_texts if (found := Arguments.parse(text)) is not None]
    rng = Random(f"{seed} {subject.question_id}")
    return varied(seen, INPUTS_PER_ROUND, rng, settings.max_argument_characters)


def _with_inputs(
    subjects: Sequence[Subject], inputs: Sequence[Sequence[Arguments]], tried: Mapping[str, set[str]]
) -> list[Subject]:
    """Return the subjects with other arguments, none of them `tried` before; those that are left without any go."""
    asked = []
    for subject, arguments in zip(subjects, inputs, strict=True):
        before = tried[subject.question_id]
        new = tuple(dict.fromkeys(each.text for each in arguments if each.text not in before))
        before.update(new)
        if new:
            asked.append(replace(subject, argument_texts=new))
    return asked


def _arguments(test: str, entry_point: str) -> Arguments | None:
    text = call_arguments(test, entry_point)
    return None if text is None else Arguments.parse(text)


def _reasons(
    outcomes: pl.DataFrame, survivors: pl.DataFrame, trusted: Mapping[str, str], *, needs_failing: bool
) -> pl.DataFrame:
    """Return test_id and why the test is not kept, an empty text where it is.

    With `needs_failing`, only tests are kept that a survivor fails which no other of them refuses.
    """
    models = dict(survivors.select("program_id", "model").iter_rows())
    reasons: dict[str, str] = {}
    for (question,), of_question in outcomes.group_by("question_id", maintain_order=True):
        authority = trusted[str(question)]
        needed = MAJORITY if models[authority] == MODEL else CERTAIN
        refused: dict[str, set[str]] = {}
        for (test,), rows in of_question.group_by("test_id", maintain_order=True):
            failing = set(rows.filter(~pl.col("passed"))["program_id"])
            oracles = [program for program in rows["program_id"] if models[program] != MUTANT]
            agreeing = sum(program not in failing for program in oracles) / len(oracles)
            if not failing and needs_failing:
                reasons[str(test)] = Reason.REFUSES_NO_PROGRAM
            elif authority in failing:
                reasons[str(test)] = Reason.VALUE_NOT_CONFIRMED
            elif agreeing < needed:
                reasons[str(test)] = Reason.CONTESTED_VALUE
            else:
                refused[str(test)] = failing
        needed_tests = _cover(refused) if needs_failing else list(refused)
        reasons |= dict.fromkeys(refused, Reason.REFUSES_NOTHING_NEW) | dict.fromkeys(needed_tests, "")
    return pl.DataFrame(list(reasons.items()), schema={"test_id": pl.String, "reason": pl.String}, orient="row")


def _cover(refused: Mapping[str, set[str]]) -> list[str]:
    """Return few tests that together refuse every program that any test refuses."""
    left = set[str]().union(*refused.values())
    chosen: list[str] = []
    while left:
        best = max(refused, key=lambda test: len(refused[test] & left))
        chosen.append(best)
        left -= refused[best]
    return chosen


def _with_tests(filtered: FilteredTests, new: pl.DataFrame, rejected: Sequence[pl.DataFrame]) -> FilteredTests:
    """Return the same with new tests behind the others of their questions."""
    counts = filtered.kept.group_by("question_id").agg(before=pl.len())
    placed = new.join(counts, on="question_id").with_columns(position=pl.col("position") + pl.col("before"))
    both = pl.concat([filtered.kept, placed.select(list(FILTERED_TESTS.schema))]).sort("question_id", "position")
    kept = both.with_columns(position=pl.int_range(pl.len()).over("question_id"))
    return FilteredTests(FILTERED_TESTS.conform(kept), pl.concat([filtered.rejected, *rejected]))
