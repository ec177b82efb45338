"""Suites against strong writers, with EvalPlus as the truth: `python -m benchmarks.strong_writers --data FOLDER`.

The strongest third of the models, by the official tests, takes no part in choosing; its programs judge the suites.
What programs return is measured by `benchmarks.test_suites`, in the same folder `--work`; EvalPlus's verdicts take a
quarter of an hour more on two cores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from acecoder_dagster.questions.test_suites.quality import Tally, ratio_interval
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, share_cell, table, write_report
from benchmarks.strong_writers.ranking import kendall_tau, rates_by_model
from benchmarks.strong_writers.truth import HUMANEVAL, MBPP, Source, Truth, pass_rates, with_truth
from benchmarks.test_suites.agreed import agreed_suites, certain, plain_models
from benchmarks.test_suites.pairs import pair_rows
from benchmarks.test_suites.questions import (
    SAMPLER,
    Flags,
    MeasuredQuestion,
    Suite,
    measured_questions,
    of_sampler,
    trust_in_writers,
)
from benchmarks.test_suites.run import WORK
from benchmarks.test_suites.suites import MIN_TESTS, small_suite, valid_suites

REPORT = Path(__file__).with_name("results.md")
SIZES = (8, 16)
HEAD = (
    "| tests | questions | tests each | right accepted | wrong refused | the same by the official tests "
    "| tests that a right program fails | Kendall's tau |",
    "|---|---|---|---|---|---|---|---|",
)
Suites = Mapping[str, Suite]


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs, verdicts, tests and benchmarks/.")],
    work: Annotated[Path, typer.Option(help="Folder for what programs return, and for EvalPlus's verdicts.")] = WORK,
    report: ReportPath = REPORT,
) -> None:
    """Measure and write the report."""
    lines = [
        "# Suites against strong writers",
        "",
        f"`python -m benchmarks.strong_writers --data FOLDER`, {describe_machine()}. Right is what passes all of "
        "EvalPlus's tests, base and plus. The strongest third of the models, by the official tests, had no part in "
        "choosing: its programs are those that are accepted or refused. In brackets: 95% intervals, bootstrap by "
        "question. Tests that a right program fails: the share of the kept tests that some program fails which passes "
        "all of EvalPlus's. Kendall's tau: between the models ordered by pass@1 by these tests and by EvalPlus, on the "
        "same questions, of all recorded models. By `agreement`, every second of the models that wrote in one go "
        "votes, strong or not; the other strong ones judge.",
    ]
    for source in (HUMANEVAL, MBPP):
        questions = with_truth(source, measured_questions(data, work, source.name), data, work / "evalplus")
        lines += _section(source, questions, pass_rates(data, source), plain_models(data))
    write_report(report, lines)


def _section(source: Source, truths: Sequence[Truth], rates: Mapping[str, float], plain: frozenset[str]) -> list[str]:
    models, questions = list(rates), [each.question for each in truths]
    strong, weaker = models[-(len(models) // 3) :], models[: -(len(models) // 3)]
    named = _suites(questions, strong)
    right = {each.question.question_id for each in truths if each.reference_is_right}
    of_right = {
        f"{name}, references that EvalPlus finds right": {
            each: suite for each, suite in suites.items() if each in right
        }
        for name, suites in named.items()
    }
    known = {"if it were known: valid tests that no right program fails": _fair(truths, named["every valid test"])}
    rows = [_row(name, truths, suites, strong, models) for name, suites in (named | known | of_right).items()]
    if source is HUMANEVAL:
        voting = sorted(plain)[::2]
        named["`paper` and `released`: what a program of the best weaker model passes"] = _paper(questions, weaker)
        named["`agreement` of half of the models, at most 8"] = certain(
            agreed_suites(questions, lambda each: each.labelled & np.isin(each.models, voting))
        )
        judging = [model for model in strong if model not in voting]
        rows += [_row(name, truths, named[name], judging, models) for name in list(named)[-2:]]
    pairs = [
        row
        for name, suites in named.items()
        for row in pair_rows(name, questions, suites, of_sampler if source is HUMANEVAL else _labelled)
        if row["pairs"] != "0"
    ]
    return [
        "",
        f"## {source.protocol.partition('/')[2]}",
        "",
        f"{len(questions)} questions, {len(strong)} strong models of {len(models)}; {len(right)} references are right.",
        "",
        *HEAD,
        _official_row(truths, strong, models),
        *rows,
        "",
        f"Preference pairs of {f'programs of {SAMPLER}' if source is HUMANEVAL else 'all programs'}, shares by weight; "
        "a rule that makes no pair has no row:",
        "",
        *table(pairs),
    ]


def _suites(questions: Sequence[MeasuredQuestion], strong: Sequence[str]) -> dict[str, Suites]:
    """Return what the policy `reference` keeps, and chooses by all programs but those of strong models."""
    trust = trust_in_writers(questions, {each.question_id: each.valid for each in questions})
    valid = valid_suites(questions)
    named: dict[str, Suites] = {"every valid test": valid}
    for size in SIZES:
        named[f"`reference`, at most {size}"] = {
            each.question_id: small_suite(
                each, valid[each.question_id], trust, ~np.isin(each.models, strong), max_tests=size
            )
            for each in questions
            if each.question_id in valid
        }
    return named


def _fair(truths: Sequence[Truth], valid: Suites) -> dict[str, list[int]]:
    """Return what a choice could keep at best: nobody knows who is right."""
    return {
        each.question.question_id: [
            test for test in suite if each.question.passed[each.question.right == 1, test].all()
        ]
        for each in truths
        if (suite := valid.get(each.question.question_id))
    }


def _labelled(question: MeasuredQuestion) -> Flags:
    return question.labelled


def _row(name: str, truths: Sequence[Truth], suites: Suites, strong: Sequence[str], models: Sequence[str]) -> str:
    asked = [each for each in truths if each.question.question_id in suites]
    accepted = {each.question.question_id: _accepted(each.question, suites) for each in asked}
    official = [replace(each, question=replace(each.question, right=each.official)) for each in asked]
    there = [share.partition(" ")[0] for share in _shares(official, accepted, strong)]
    unfair: dict[str, tuple[int, int]] = {}
    for question in (each.question for each in asked):
        suite = list(suites[question.question_id])
        failed = ~question.passed[question.right == 1][:, suite].all(axis=0)
        unfair[question.question_id] = (int(failed.sum()), len(suite))
    cells = [name, str(len(asked)), f"{np.mean([len(each) for each in suites.values()]):.1f}"]
    cells += [*_shares(asked, accepted, strong), " / ".join(there), _share(unfair), _tau(asked, accepted, models)]
    return f"| {' | '.join(cells)} |"


def _official_row(truths: Sequence[Truth], strong: Sequence[str], models: Sequence[str]) -> str:
    accepted = {each.question.question_id: each.passes_official for each in truths}
    cells = ["the official tests themselves", str(len(truths)), "", *_shares(truths, accepted, strong), "", ""]
    return f"| {' | '.join([*cells, _tau(truths, accepted, models)])} |"


def _shares(truths: Sequence[Truth], accepted: Mapping[str, Flags], models: Sequence[str]) -> list[str]:
    """Return the share of right programs that are accepted, and of wrong ones that are not."""
    right: dict[str, tuple[int, int]] = {}
    wrong: dict[str, tuple[int, int]] = {}
    for question in (each.question for each in truths):
        name, rows = question.question_id, np.isin(question.models, models)
        right[name] = _count(rows & (question.right == 1), accepted[name])
        wrong[name] = _count(rows & (question.right == 0), ~accepted[name])
    return [_share(right), _share(wrong)]


def _tau(truths: Sequence[Truth], accepted: Mapping[str, Flags], models: Sequence[str]) -> str:
    ours = rates_by_model(truths, models, lambda each: accepted[each.question_id])
    theirs = rates_by_model(truths, models, lambda each: each.right == 1)
    return f"{kendall_tau(ours, theirs):.3f}"


def _accepted(question: MeasuredQuestion, suites: Suites) -> Flags:
    flags: Flags = np.logical_and.reduce(question.passed[:, list(suites[question.question_id])], axis=1)
    return flags


def _count(rows: Flags, good: Flags) -> tuple[int, int]:
    return int((rows & good).sum()), int(rows.sum())


def _share(counts: dict[str, tuple[int, int]]) -> str:
    return share_cell(ratio_interval(Tally("share", counts), 2000))


def _paper(questions: Sequence[MeasuredQuestion], models: Sequence[str]) -> dict[str, list[int]]:
    """Return all written tests that a program of the best of the models passes, where there are enough."""
    rank = {model: number for number, model in enumerate(models)}
    suites = {}
    for each in questions:
        row = max(range(len(each.models)), key=lambda row: rank.get(str(each.models[row]), -1))
        if str(each.models[row]) in rank:
            kept = [number for number, test in enumerate(each.tests) if test.writers and each.passed[row, number]]
            if len(kept) >= MIN_TESTS:
                suites[each.question_id] = kept
    return suites
