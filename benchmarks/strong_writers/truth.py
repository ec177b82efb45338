"""Which recorded programs are right by all of EvalPlus's tests, base and plus."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acecoder_dagster.evaluation.benchmarks import read_protocol, read_tasks
from acecoder_dagster.evaluation.benchmarks.judging.verdicts import judge_programs
from benchmarks.test_suites.questions import SAMPLER, Flags, MeasuredQuestion

SAMPLES = 16
"""Programs per question of the model that wrote a hundred."""


@dataclass(frozen=True)
class Source:
    """Questions that EvalPlus has tests for.

    Attributes:
        name: as `source` in problems.parquet.
        protocol: how EvalPlus's tests are run.
        recorded: what ids begin with in problems.parquet.
        official: what they begin with in EvalPlus's file.
    """

    name: str
    protocol: str
    recorded: str
    official: str

    def task_id(self, question_id: str) -> str:
        """Return EvalPlus's id of a question."""
        return question_id.replace(self.recorded, self.official)


HUMANEVAL = Source("humaneval", "upstream/humaneval+", "HumanEval/", "HumanEval/")
MBPP = Source("mbpp", "upstream/mbpp+", "MBPP/", "Mbpp/")


@dataclass(frozen=True)
class Truth:
    """A question, and who is right.

    Attributes:
        question: labels say who is right by EvalPlus; what was not judged has none.
        official: per program, what the label was by the official tests.
        reference_is_right: by EvalPlus.
    """

    question: MeasuredQuestion
    official: NDArray[np.int8]
    reference_is_right: bool

    @property
    def passes_official(self) -> Flags:
        """Which programs pass the official tests."""
        flags: Flags = np.array(self.official == 1, dtype=np.bool_)
        return flags


def with_truth(source: Source, questions: list[MeasuredQuestion], data: Path, folder: Path) -> list[Truth]:
    """Return the questions that EvalPlus has, with its labels; verdicts are kept in the folder.

    Of the one model with a hundred programs for each question, some are judged.
    """
    protocol = read_protocol(source.protocol)
    tasks = read_tasks(protocol, str(data / "benchmarks")).tasks
    asked = [each for each in questions if source.task_id(each.question_id) in tasks]
    wanted = {each.question_id: _judged(each) for each in asked}
    programs = [
        (source.task_id(each.question_id), each.programs[row])
        for each in asked
        for row in np.flatnonzero(wanted[each.question_id] | (each.kinds == "reference"))
    ]

    def say(what: str, done: int, of: int) -> None:
        if done % 500 == 0:
            print(f"{source.protocol}: {what}, {done:,} of {of:,}", file=sys.stderr)

    needed = [tasks[source.task_id(each.question_id)] for each in asked]
    verdicts = judge_programs(protocol, needed, programs, folder / source.name, {}, say)

    def is_right(question: MeasuredQuestion, row: int) -> bool:
        task = source.task_id(question.question_id)
        return all(verdicts.of(task, kind, question.programs[row]).passed for kind in protocol.scoring.tests)

    labelled = []
    for each in asked:
        right = np.full(len(each.kinds), -1, dtype=np.int8)
        for row in np.flatnonzero(wanted[each.question_id]):
            right[row] = is_right(each, int(row))
        reference = int(np.flatnonzero(each.kinds == "reference")[0])
        labelled.append(Truth(replace(each, right=right), each.right, is_right(each, reference)))
    return labelled


def _judged(question: MeasuredQuestion) -> Flags:
    of_sampler = question.models == SAMPLER
    first = of_sampler & (np.cumsum(of_sampler) <= SAMPLES)
    flags: Flags = question.labelled & (np.char.startswith(question.models, "pool") | first)
    return flags


def pass_rates(data: Path, source: Source) -> dict[str, float]:
    """Return pass@1 by the official tests of the models that answered most of the questions."""
    of_source = pl.col("question_id").str.starts_with(source.recorded)
    programs = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "model"])
    verdicts = pl.read_parquet(data / "verdicts.parquet", columns=["question_id", "program_id", "passed"])
    judged = programs.filter(of_source & pl.col("model").str.starts_with("pool")).join(
        verdicts, on=["question_id", "program_id"]
    )
    by_model = judged.group_by("model").agg(pl.col("passed").mean(), asked=pl.col("question_id").n_unique())
    most = 0.8 * judged["question_id"].n_unique()
    return dict(by_model.filter(pl.col("asked") >= most).select("model", "passed").sort("passed", "model").iter_rows())
