"""Suites that half of a question's programs and mutants choose, and how well they judge the other half."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from acecoder_dagster.questions.test_suites.choosing import SuiteMatrix, strongest_suite
from acecoder_dagster.questions.test_suites.choosing.fewest_tests import Floats
from acecoder_dagster.questions.test_suites.choosing.shrinking import NEAR, suite_fairness
from acecoder_dagster.questions.test_suites.expectations import ADVERSARIAL
from acecoder_dagster.questions.test_suites.quality import Tally, ratio_interval
from benchmarks.common.report import share_cell
from benchmarks.test_suites.questions import Chosen, Flags, MeasuredQuestion, Suite, suite_tallies

MIN_TESTS, MAX_TESTS = 5, 8

HALVINGS = 6
"""Which half chooses is drawn so often; with ten programs a question (MBPP) one draw moves the figures by a percent."""

MEASURES = ("TPR", "TNR", "mutants killed", "valid tests")

NEAR_TRIED = (0.74, 0.75, 0.76, 0.77, 0.78, 0.79, 0.80)
FOLDS = 10
ACCEPTED = 0.95
"""Share of the right programs that a suite is to accept."""

Trial = tuple[Mapping[str, Suite], Chosen]
"""Suites by question, and which programs judge them."""

Halves = Mapping[str, Flags]
"""By question, which programs and mutants choose."""


def halvings(questions: Sequence[MeasuredQuestion]) -> list[Halves]:
    """Return the halves that choose, HALVINGS times."""
    drawn = [np.random.default_rng(number) for number in range(HALVINGS)]
    return [{question.question_id: rng.random(len(question.kinds)) < 0.5 for question in questions} for rng in drawn]


def other_half(halves: Halves) -> Chosen:
    """Return who judges: the half that had no part in the choice."""
    return lambda question: ~halves[question.question_id]


def valid_suites(questions: Sequence[MeasuredQuestion]) -> dict[str, Suite]:
    """Return every valid test of the questions that have enough."""
    valid = {each.question_id: [int(test) for test in np.flatnonzero(each.valid)] for each in questions}
    return {question: suite for question, suite in valid.items() if len(suite) >= MIN_TESTS}


def small_suite(
    question: MeasuredQuestion,
    tests: Suite,
    trust: Mapping[str, float],
    half: Flags,
    *,
    near: float = NEAR,
    both_answers: bool = True,
    max_tests: int = MAX_TESTS,
) -> list[int]:
    """Return the few of the tests that the product's own code chooses by one half, which it does not see labelled.

    Args:
        question: whose tests.
        tests: their positions.
        trust: in writers.
        half: which programs and mutants choose.
        near: in place of `suites.NEAR`.
        both_answers: False: as if it were not known what tests expect.
        max_tests: most tests.
    """
    # Nobody wrote varied inputs: they are what an adversarial round draws from.
    writers = [question.tests[test].writers or {ADVERSARIAL} for test in tests]
    origins = [max(names, key=lambda name: trust.get(name, 0.0)) for names in writers]
    fairness = suite_fairness(origins, trust)
    fairness[[origin == ADVERSARIAL for origin in origins]] *= near / NEAR
    return _chosen_suite(question, tests, fairness, half, both_answers=both_answers, max_tests=max_tests)


def suite_by_labels(question: MeasuredQuestion, tests: Suite, half: Flags) -> list[int]:
    """Return what could be chosen if it were known which programs are right: of the tests that these pass."""
    right = question.passed[half & (question.right == 1)]
    fair = [test for test in tests if right[:, test].all()]
    return _chosen_suite(question, fair, np.ones(len(fair)), half, both_answers=True)


def _chosen_suite(
    question: MeasuredQuestion,
    tests: Suite,
    fairness: Floats,
    half: Flags,
    *,
    both_answers: bool,
    max_tests: int = MAX_TESTS,
) -> list[int]:
    passed, mutants = question.passed[:, list(tests)], question.kinds == "mutant"
    expected = [str(question.tests[test].expected) if both_answers else None for test in tests]
    matrix = SuiteMatrix(passed[half & question.labelled], passed[half & mutants], fairness, expected)
    return [tests[position] for position in strongest_suite(matrix, MIN_TESTS, max_tests)]


def near_chosen_elsewhere(
    source: str, questions: Sequence[MeasuredQuestion], trust: Mapping[str, float]
) -> dict[str, str]:
    """Return a row about suites for which `suites.NEAR` was chosen by the labels of other questions.

    Questions are dealt to ten folds by the hash of their id. For each, it is the largest of a few values at which the
    right programs of the other nine are accepted often enough.
    """
    valid, halved = valid_suites(questions), halvings(questions)
    asked = [question for question in questions if question.question_id in valid]
    suites = {
        near: [
            {
                each.question_id: small_suite(each, valid[each.question_id], trust, halves[each.question_id], near=near)
                for each in asked
            }
            for halves in halved
        ]
        for near in NEAR_TRIED
    }
    accepted = {
        near: summed(
            [suite_tallies(asked, each, other_half(halves))["TPR"] for each, halves in zip(of, halved, strict=True)]
        )
        for near, of in suites.items()
    }
    folds = {question.question_id: _fold(question.question_id) for question in asked}
    chosen = {fold: _largest(accepted, {q for q, of in folds.items() if of != fold}) for fold in range(FOLDS)}
    trials: list[Trial] = [
        ({question: suites[chosen[fold]][number][question] for question, fold in folds.items()}, other_half(halves))
        for number, halves in enumerate(halved)
    ]
    name = (
        f"{source}, chosen suite, `NEAR` chosen on other questions ({min(chosen.values())} to {max(chosen.values())})"
    )
    return row(name, asked, *trials)


def _fold(question_id: str) -> int:
    return int(hashlib.sha256(question_id.encode()).hexdigest(), 16) % FOLDS


def _largest(accepted: Mapping[float, Tally], questions: set[str]) -> float:
    def share(tally: Tally) -> float:
        counts = [count for question, count in tally.counts.items() if question in questions]
        return sum(good for good, _ in counts) / sum(total for _, total in counts)

    return max((near for near, tally in accepted.items() if share(tally) >= ACCEPTED), default=min(accepted))


def row(name: str, questions: Sequence[MeasuredQuestion], *trials: Trial) -> dict[str, str]:
    """Return a row of the report about all trials together."""
    tallies = [suite_tallies(questions, suites, judged) for suites, judged in trials]
    cells = {}
    for measure in MEASURES:
        tally = summed([each[measure] for each in tallies])
        share = ratio_interval(tally, 2000)
        cells[measure] = share_cell(share) if tally.counted else ""
    sizes = [len(suite) for suites, _ in trials for suite in suites.values()]
    return {
        "tests kept": name,
        "questions": str(len(sizes) // len(trials)),
        "tests each": f"{np.mean(sizes):.1f}",
        **cells,
    }


def summed(tallies: Sequence[Tally]) -> Tally:
    """Return one tally of all that several counted of the same questions."""
    counts: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for tally in tallies:
        for question, (good, total) in tally.counts.items():
            before = counts[question]
            counts[question] = before[0] + good, before[1] + total
    return Tally(tallies[0].measure, dict(counts))
