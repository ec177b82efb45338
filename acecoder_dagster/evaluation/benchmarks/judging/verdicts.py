"""Judges the programs of benchmarks that share their tests, and keeps every verdict at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.judging import evalplus
from acecoder_dagster.evaluation.benchmarks.judging.others import bigcodebench_question, livecodebench_question
from acecoder_dagster.evaluation.benchmarks.judging.question import KIND, Question, question_id
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.reading.task import Task
from acecoder_dagster.files import replace_file
from acecoder_dagster.judge import ClusterSettings, Judge, Outcome, SandboxSettings
from acecoder_dagster.judge.files import judge_files
from acecoder_dagster.judge.files.known_verdicts import KnownVerdicts

REFERENCE_SECONDS = 120.0
"""Processor time for the answers of one call of a reference."""

# A program passes a benchmark with all tests or not at all.
_LIMITS = {"max_timeouts": 1}
_OBSERVED = ("cpu_seconds_per_test", "wait_seconds_per_test")
_QUESTION_SCHEMA = {
    "question_id": pl.String(),
    "entry_point": pl.String(),
    "setup_code": pl.String(),
    "tests": pl.List(pl.String()),
    "test_code": pl.String(),
    "io_tests": pl.List(pl.Struct({"input": pl.String(), "output": pl.String()})),
    "cpu_seconds": pl.Float64(),
}

Report = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


@dataclass(frozen=True)
class Found:
    """What the judge says of one program and one kind of tests.

    Attributes:
        verdict: as `judge.Verdict` has it; `no_tests` where there are none, `not_run` where the program failed tests of
            an earlier kind.
        first_failed: number of the first test that did not pass; None where all did.
        message: why it did not.
    """

    verdict: str
    first_failed: int | None
    message: str

    @property
    def passed(self) -> bool:
        """Whether all tests passed."""
        return self.verdict == Outcome.PASSED


_NOT_RUN = Found("not_run", None, "it fails tests of an earlier kind")


class Verdicts:
    """Verdicts by task, kind of tests and program."""

    def __init__(self, found: Mapping[tuple[str, str], Found], problems: Mapping[str, str], ids: set[str]) -> None:
        self._found, self._problems, self._ids = found, problems, ids

    def of(self, task_id: str, kind: KIND, program: str) -> Found:
        """Return the verdict on a program that was judged. Where a task has no inputs of a kind, all pass."""
        name = question_id(task_id, kind)
        if name in self._problems:
            return Found("no_tests", None, self._problems[name])
        if name not in self._ids:
            return Found(Outcome.PASSED, None, "")
        return self._found.get((name, _digest(program)), _NOT_RUN)


def judge_programs(
    protocol: Protocol,
    tasks: Sequence[Task],
    programs: Iterable[tuple[str, str]],
    folder: Path,
    options: Mapping[str, object],
    report: Report,
    cluster: ClusterSettings | None = None,
) -> Verdicts:
    """Judge programs, and the reference of each task: by its base tests, and where these pass by its plus tests.

    Everything is kept in the folder as soon as it is known. A call that was stopped at any moment can be repeated, and
    does what is not known yet.

    Args:
        protocol: whose tests, limits and packages.
        tasks: the tasks.
        programs: pairs of task id and program; the same pair may come often.
        folder: where questions, programs and verdicts are kept.
        options: settings of the sandbox that go before the protocol's, as the launcher.
        report: told how far the work is.
        cluster: the machines that judge; this one when left out.

    Raises:
        BenchmarkError: some programs could not be judged; another call tries them again.
        SandboxUnavailableError: sandboxes cannot be started here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = SandboxSettings.model_validate(_LIMITS | protocol.scoring.sandbox | dict(options))
    questions = list(_questions(protocol, tasks, settings, folder, report, cluster))
    problems = {each.question_id: each.problem for each in questions if each.problem}
    asked = [each for each in questions if not each.problem]
    references = ((task.task_id, task.reference) for task in tasks if task.reference)
    wanted = {(task_id, _digest(program)): program for task_id, program in (*references, *programs)}
    found: dict[tuple[str, str], Found] = {}
    for kind in protocol.scoring.tests:
        of_task = {each.task_id: each for each in asked if each.kind == kind}
        rows = {
            (question_id(task_id, kind), digest): program
            for (task_id, digest), program in wanted.items()
            if task_id in of_task
        }
        if rows:
            judged = _judged(
                list(of_task.values()),
                rows,
                folder / kind,
                settings,
                partial(report, f"judging by {kind} tests"),
                cluster,
            )
            found |= judged
            failed = {key for key, each in judged.items() if not each.passed}
            wanted = {key: each for key, each in wanted.items() if (question_id(key[0], kind), key[1]) not in failed}
    return Verdicts(found, problems, {each.question_id for each in asked})


def _judged(
    questions: Sequence[Question],
    rows: Mapping[tuple[str, str], str],
    folder: Path,
    settings: SandboxSettings,
    advance: Callable[[int, int], None],
    cluster: ClusterSettings | None,
) -> dict[tuple[str, str], Found]:
    folder.mkdir(exist_ok=True)
    asked, programs, out = (folder / f"{name}.parquet" for name in ("questions", "programs", "verdicts"))
    _write(asked, programs, questions, rows)
    judged = judge_files(asked, programs, out, settings, advance, cluster)
    if judged.judge_errors:
        raise BenchmarkError(
            f"{judged.judge_errors:,} programs could not be judged: start again to try them again, and them alone"
        )
    return _read(out)


def _questions(
    protocol: Protocol,
    tasks: Sequence[Task],
    settings: SandboxSettings,
    folder: Path,
    report: Report,
    cluster: ClusterSettings | None,
) -> Iterable[Question]:
    if protocol.data.format == "bigcodebench":
        return map(bigcodebench_question, tasks)
    if protocol.data.format == "livecodebench":
        return map(livecodebench_question, tasks)
    patient = settings.model_copy(update=dict.fromkeys(_OBSERVED, REFERENCE_SECONDS))
    with Judge(patient, cluster) as judge, KnownVerdicts(folder / "expected") as known:
        return list(evalplus.questions(protocol, tasks, judge, known, partial(report, "asking references")))


def _write(asked: Path, programs: Path, questions: Sequence[Question], rows: Mapping[tuple[str, str], str]) -> None:
    replace_file(asked, pl.DataFrame([each.row() for each in questions], schema=_QUESTION_SCHEMA).write_parquet)
    written = pl.DataFrame(
        {
            "question_id": [question for question, _ in rows],
            "program_id": [f"{question}#{digest}" for question, digest in rows],
            "program": list(rows.values()),
        }
    )
    replace_file(programs, written.write_parquet)


def _read(path: Path) -> dict[tuple[str, str], Found]:
    columns = ["question_id", "program_id", "verdict", "passed", "message"]
    found = {}
    for question, program, verdict, passed, message in pl.read_parquet(path, columns=columns).iter_rows():
        first = next((number for number, each in enumerate(passed) if not each), None)
        found[question, program.rpartition("#")[2]] = Found(verdict, first, message)
    return found


def _digest(program: str) -> str:
    return hashlib.sha256(program.encode("utf-8", "surrogatepass")).hexdigest()[:24]
