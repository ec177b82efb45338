"""How good the tests are that each policy keeps: `python -m benchmarks.test_suites --data FOLDER`.

Programs are labelled by the official tests, which no policy sees. Suites are chosen by one half of the programs and
mutants and scored by the other. What the programs return is measured once and kept in `--work`; that takes half an
hour on two cores, the rest a minute.
"""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from acecoder_dagster.data.tables import OFFICIAL
from acecoder_dagster.questions.test_suites.quality import Tally, ratio_interval
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, table, write_report
from benchmarks.test_suites.agreed import agreed_suites, certain, plain_models
from benchmarks.test_suites.pairs import pair_rows
from benchmarks.test_suites.questions import (
    SAMPLER,
    Chosen,
    Flags,
    MeasuredQuestion,
    Suite,
    measured_questions,
    of_sampler,
    trust_in_writers,
)
from benchmarks.test_suites.suites import (
    HALVINGS,
    MAX_TESTS,
    MIN_TESTS,
    Halves,
    Trial,
    halvings,
    near_chosen_elsewhere,
    other_half,
    row,
    small_suite,
    suite_by_labels,
    valid_suites,
)

REPORT = Path(__file__).with_name("results.md")
WORK = Path(tempfile.gettempdir()) / "acecoder-synthesis"
KEPT = (154, 140, 117, 100, 80)
"""Questions kept, most certain first: the points of the risk-coverage curve."""


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs, verdicts and generated_tests.")],
    work: Annotated[Path, typer.Option(help="Folder for what the programs return.")] = WORK,
    report: ReportPath = REPORT,
) -> None:
    """Measure and write the report."""
    humaneval = measured_questions(data, work, "humaneval")
    mbpp = measured_questions(data, work, "mbpp")
    plain = plain_models(data)
    lines = [
        "# Test quality by policy",
        "",
        f"`python -m benchmarks.test_suites`, {describe_machine()}.",
        f"HumanEval: {_size(humaneval)}. MBPP: {_size(mbpp)}. In brackets: 95% intervals, bootstrap by question.",
        "The few constants of the methods (`questions/test_suites/choosing/agreement.py`, `fewest_tests.py`, "
        "`shrinking.py`) were chosen on HumanEval: its figures flatter them a little. One, `shrinking.NEAR`, was "
        "chosen on MBPP, within the range at which 95% of the right programs are accepted; a row below says what MBPP "
        "gives where it is chosen on other questions. What inputs have in common "
        "(`questions/test_suites/inputs/domain.py`), inputs for branches, and to ask for both of two answers were "
        "thought of while looking at what programs of MBPP fail and pass.",
        *_reference_section(humaneval, mbpp, measured_questions(data, work, "humaneval", like_mbpp=True)),
        *_agreement_section(humaneval, plain),
        *_pairs_section(humaneval, plain),
    ]
    write_report(report, lines)


def _size(questions: Sequence[MeasuredQuestion]) -> str:
    labelled = sum(int(question.labelled.sum()) for question in questions)
    mutants = sum(int((question.kinds == "mutant").sum()) for question in questions)
    return f"{len(questions)} questions, {labelled:,} labelled programs, {mutants:,} mutants"


# The policy `reference`


def _reference_section(
    humaneval: Sequence[MeasuredQuestion],
    mbpp: Sequence[MeasuredQuestion],
    humaneval_like_mbpp: Sequence[MeasuredQuestion],
) -> list[str]:
    rows = [
        *_reference_rows("HumanEval", humaneval),
        *_reference_rows("MBPP", mbpp),
        near_chosen_elsewhere("MBPP", mbpp, _trust_in_valid(mbpp)),
        *_reference_rows("HumanEval made like MBPP", humaneval_like_mbpp),
    ]
    return [
        "",
        "## Policy `reference`",
        "",
        "Tests that models wrote (HumanEval), the one that the question shows (MBPP), varied inputs and such as take "
        f"further branches, at least {MIN_TESTS}; then at most {MAX_TESTS}, chosen by one half of all programs and "
        f"mutants without their labels and judged by the other, {HALVINGS} times. Killable mutants: those that any "
        "valid test of the question kills. HumanEval made like MBPP: all inputs made from its first test, and the "
        "programs of the ten models that answered MBPP.",
        "",
        *table(rows),
        "",
        *_why_not_better(mbpp),
    ]


def _why_not_better(questions: Sequence[MeasuredQuestion]) -> list[str]:
    """Return what keeps the choice from the bound: of the programs in doubt as many are right as wrong."""
    in_doubt: dict[str, tuple[int, int]] = {}
    for question in questions:
        shown = [number for number, test in enumerate(question.tests) if OFFICIAL in test.writers]
        doubted = question.passed[:, shown].all(axis=1) & ~question.passed[:, question.valid].all(axis=1)
        doubted &= question.labelled
        in_doubt[question.question_id] = (int((question.right[doubted] == 1).sum()), int(doubted.sum()))
    share = ratio_interval(Tally("right", in_doubt), 2000)
    count = sum(total for _, total in in_doubt.values())
    return [
        "MBPP labels programs by three tests, the first of which its question shows. "
        f"{count:,} programs pass that one and fail another valid test: {share.value:.0%} [{share.low:.0%}, "
        f"{share.high:.0%}] of them are right by the other two. A choice that does not see the labels has to refuse "
        "most of one half and accept most of the other by how many tests and programs agree; the row with known labels "
        "says what the same inputs give when it sees them.",
    ]


def _reference_rows(name: str, questions: Sequence[MeasuredQuestion]) -> list[dict[str, str]]:
    trust, everything = _trust_in_valid(questions), valid_suites(questions)
    asked = [question for question in questions if question.question_id in everything]
    trials: dict[str, list[Trial]] = defaultdict(list)
    for halves in halvings(asked):
        for label, each in _halved(asked, everything, trust, halves).items():
            trials[label].append(each)
    return [row(f"{name}, {label}", asked, *each) for label, each in trials.items()]


def _trust_in_valid(questions: Sequence[MeasuredQuestion]) -> dict[str, float]:
    return trust_in_writers(questions, {question.question_id: question.valid for question in questions})


def _halved(
    questions: Sequence[MeasuredQuestion],
    everything: Mapping[str, Suite],
    trust: Mapping[str, float],
    halves: Halves,
) -> dict[str, Trial]:
    """Return suites that one half of the programs and mutants chooses, and who judges them: the other half."""
    small, without, known = {}, {}, {}
    for question in questions:
        name, tests, half = question.question_id, everything[question.question_id], halves[question.question_id]
        small[name] = small_suite(question, tests, trust, half)
        without[name] = small_suite(question, tests, trust, half, both_answers=False)
        known[name] = suite_by_labels(question, tests, half)
    judged = other_half(halves)

    def of_sampler_or_mutants(question: MeasuredQuestion) -> Flags:
        flags: Flags = judged(question) & ((question.models == SAMPLER) | (question.kinds == "mutant"))
        return flags

    trials: dict[str, Trial] = {
        "every valid test": (everything, judged),
        "chosen suite": (small, judged),
        "chosen suite, did it not ask for both of two answers": (without, judged),
        "if the labels of the choosing half were known": (known, judged),
    }
    if any((question.models == SAMPLER).any() for question in questions):
        trials[f"chosen suite, programs of {SAMPLER} only"] = (small, of_sampler_or_mutants)
    return trials


# The policy `agreement`


def _agreement_section(questions: Sequence[MeasuredQuestion], plain: frozenset[str]) -> list[str]:
    def of_models(question: MeasuredQuestion) -> Flags:
        return question.labelled & np.isin(question.models, list(plain))

    def not_asked(question: MeasuredQuestion) -> Flags:
        return question.labelled & ~np.isin(question.models, list(plain))

    several = agreed_suites(questions, of_models)
    alone = agreed_suites(questions, of_sampler)
    codet, codet_models = _codet(questions, of_sampler), _codet(questions, of_models)
    models = np.mean([of_models(question).sum() for question in questions])
    rows = [
        row(f"CodeT's dual agreement of {SAMPLER}", questions, (codet, of_sampler)),
        row(f"ours, of {SAMPLER} alone", questions, (certain(alone), of_sampler)),
        row("CodeT's dual agreement of several models", questions, (codet_models, of_sampler)),
        row("ours, of several models", questions, (certain(several), of_sampler)),
        row("the same, all programs that had no say", questions, (certain(several), not_asked)),
    ]
    curve = [
        row(f"the {count} most certain", questions, (_first(several, count), of_sampler))
        for count in KEPT
        if count <= len(several)
    ]
    return [
        "",
        "## Policy `agreement`",
        "",
        "No reference and no official test is used. Tests that models wrote; programs decide which expected values are "
        "right, and questions on which they disagree are set aside. Several models: on average "
        f"{models:.0f} programs per question, each of another model, written in one go. Scored on the programs of "
        f"{SAMPLER}.",
        "",
        *table(rows),
        "",
        "Risk and coverage, ours of several models; below the setting, questions that the policy sets aside count too:",
        "",
        *table(curve),
    ]


def _codet(questions: Sequence[MeasuredQuestion], oracles: Chosen) -> dict[str, list[int]]:
    """Return the tests of the best behaviour by CodeT's score: the root of its programs times the tests it passes."""
    suites = {}
    for question in questions:
        rows = question.passed[oracles(question)]
        written = np.array([bool(test.writers) for test in question.tests])
        behaviours, programs = np.unique(rows & written, axis=0, return_counts=True)
        if not len(behaviours):
            continue
        best = behaviours[int(np.argmax(np.sqrt(programs) * behaviours.sum(axis=1)))]
        if best.sum() >= MIN_TESTS:
            suites[question.question_id] = [int(test) for test in np.flatnonzero(best)]
    return suites


def _first(suites: Sequence[tuple[float, str, list[int]]], count: int) -> dict[str, list[int]]:
    return {question: suite for _, question, suite in suites[:count]}


# Preference pairs


def _pairs_section(questions: Sequence[MeasuredQuestion], plain: frozenset[str]) -> list[str]:
    def of_models(question: MeasuredQuestion) -> Flags:
        return question.labelled & np.isin(question.models, list(plain))

    def of_all(question: MeasuredQuestion) -> Flags:
        return question.labelled

    def enough(suites: dict[str, list[int]]) -> dict[str, list[int]]:
        return {question: suite for question, suite in suites.items() if len(suite) >= MIN_TESTS}

    def written_by(writers: frozenset[str], limit: int) -> dict[str, list[int]]:
        return enough(
            {
                each.question_id: [n for n in np.flatnonzero(each.valid) if each.tests[n].writers & writers][:limit]
                for each in questions
            }
        )

    everyone = frozenset(writer for each in questions for test in each.tests for writer in test.writers)
    agreed = certain(agreed_suites(questions, of_models, shrink=False))
    rows = [
        *pair_rows(
            f"of {SAMPLER} that the reference passes, 20", questions, written_by(frozenset({SAMPLER}), 20), of_sampler
        ),
        *pair_rows("of all writers, valid", questions, written_by(everyone, 1000), of_sampler),
        *pair_rows("agreement of several models", questions, agreed, of_sampler),
        *pair_rows("the same, pairs of all programs", questions, agreed, of_all),
    ]
    return [
        "",
        "## Preference pairs",
        "",
        f"Shares by weight; pairs of programs of {SAMPLER} unless said otherwise. The error rates that ours weighs by "
        "are measured on the other half of the questions.",
        "",
        *table(rows),
    ]
