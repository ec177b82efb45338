"""Questions as matrices: what every program returned on every input, who is right, and what tests writers wrote."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acecoder_dagster.questions.test_suites.choosing.shrinking import CAREFUL
from acecoder_dagster.questions.test_suites.quality import Tally
from benchmarks.test_suites.program_values import measure

SAMPLER = "codegen-mono-16b"
"""The model with many programs per question; the others wrote one or a few."""

Flags = NDArray[np.bool_]
Chosen = Callable[["MeasuredQuestion"], Flags]
Suite = Sequence[int]


@dataclass(frozen=True)
class WrittenTest:
    """A call and an expected value: column `call` of the values, and who wrote it (nobody: a varied input)."""

    call: int
    expected: int
    writers: frozenset[str]


@dataclass(frozen=True)
class MeasuredQuestion:
    """One question.

    Attributes:
        question_id: as in problems.parquet.
        kinds: per program: reference, mutant or program.
        models: per program, who wrote it.
        programs: their sources.
        right: per program: 1 right, 0 wrong by the official tests, -1 not known (references, mutants).
        passed: programs by tests.
        tests: every different test that was written; and with a reference, one per varied input.
    """

    question_id: str
    kinds: NDArray[np.str_]
    models: NDArray[np.str_]
    programs: tuple[str, ...]
    right: NDArray[np.int8]
    passed: Flags
    tests: tuple[WrittenTest, ...]

    @property
    def labelled(self) -> Flags:
        """Which rows are programs of models with a known label."""
        return self.right >= 0

    @property
    def valid(self) -> Flags:
        """Which tests the reference passes."""
        flags: Flags = self.passed[self.kinds == "reference"][0]
        return flags


def of_sampler(question: MeasuredQuestion) -> Flags:
    """Return which rows are labelled programs of the model with many."""
    flags: Flags = question.labelled & (question.models == SAMPLER)
    return flags


def measured_questions(data: Path, folder: Path, source: str, *, like_mbpp: bool = False) -> list[MeasuredQuestion]:
    """Return the questions of one data set that have a call to make.

    Args:
        data: folder with problems, programs, verdicts and generated_tests.
        folder: where what programs return is kept between runs.
        source: humaneval or mbpp.
        like_mbpp: only with what MBPP has: the first test, and programs of the models that answered MBPP.
    """
    calls, values = measure(data, folder, source, like_mbpp=like_mbpp)
    programs = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "model"])
    verdicts = pl.read_parquet(data / "verdicts.parquet", columns=["question_id", "program_id", "passed"])
    known = values.join(programs, on=["question_id", "program_id"], how="left", maintain_order="left").join(
        verdicts, on=["question_id", "program_id"], how="left", maintain_order="left"
    )
    calls_by_question = {str(key): rows for (key,), rows in calls.group_by("question_id", maintain_order=True)}
    return [
        _question(str(key), rows, calls_by_question[str(key)])
        for (key,), rows in known.group_by("question_id", maintain_order=True)
        if str(key) in calls_by_question
    ]


def _question(question_id: str, programs: pl.DataFrame, calls: pl.DataFrame) -> MeasuredQuestion:
    codes: defaultdict[str, int] = defaultdict(lambda: len(codes))
    # A call without a value is no value that a test could expect.
    returned = np.array([[-1 if key is None else codes[key] for key in row] for row in programs["values"]])
    kinds = programs["kind"].to_numpy()
    reference = returned[kinds == "reference"][0]
    tests = []
    for call, (writers, expected) in enumerate(calls.select("writers", "expected").iter_rows()):
        by_value: defaultdict[int, set[str]] = defaultdict(set)
        for writer, key in zip(writers, expected, strict=True):
            by_value[codes[key]].add(writer)
        if not by_value and reference[call] >= 0:
            by_value[int(reference[call])] = set()
        tests += [WrittenTest(call, value, frozenset(names)) for value, names in by_value.items()]
    passed = np.stack([returned[:, test.call] == test.expected for test in tests], axis=1)
    right = programs["passed"].cast(pl.Int8).fill_null(-1).to_numpy()
    return MeasuredQuestion(
        question_id,
        kinds.astype(np.str_),
        programs["model"].fill_null("").to_numpy().astype(np.str_),
        tuple(programs["program"]),
        np.where(kinds == "program", right, -1).astype(np.int8),
        passed,
        tuple(tests),
    )


def trust_in_writers(questions: Sequence[MeasuredQuestion], kept: Mapping[str, Flags]) -> dict[str, float]:
    """Return by writer how likely its kept tests are fair, as `synthesis.writers_trust` does."""
    written: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for question in questions:
        for test, is_kept in zip(question.tests, kept.get(question.question_id, ()), strict=False):
            written.update(test.writers)
            good.update(test.writers if is_kept else ())
    return {writer: ((good[writer] + 1) / (count + 2)) ** CAREFUL for writer, count in written.items()}


def suite_tallies(
    questions: Sequence[MeasuredQuestion], suites: Mapping[str, Suite], judged: Chosen
) -> dict[str, Tally]:
    """Return right programs accepted, wrong ones refused, valid tests, killed mutants, by the chosen suites.

    Args:
        questions: all of them; those without a suite do not count.
        suites: by question, the positions of its tests.
        judged: which rows of a question's matrix count (labelled programs and mutants).
    """
    counts: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for question in questions:
        if question.question_id not in suites:
            continue
        suite = list(suites[question.question_id])
        rows = judged(question)
        accepted = question.passed[:, suite].all(axis=1)
        right, wrong = rows & (question.right == 1), rows & (question.right == 0)
        killable = rows & (question.kinds == "mutant") & ~question.passed[:, question.valid].all(axis=1)
        for measure_name, of, good in (
            ("TPR", right, accepted),
            ("TNR", wrong, ~accepted),
            ("mutants killed", killable, ~accepted),
        ):
            counts[measure_name][question.question_id] = (int((of & good).sum()), int(of.sum()))
        counts["valid tests"][question.question_id] = (int(question.valid[suite].sum()), len(suite))
    return {name: Tally(name, by_question) for name, by_question in counts.items()}
