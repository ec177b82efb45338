"""Judges a file of programs by a file of questions, as the command `acecoder judge` does."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from acecoder_dagster.files import ROW, Problems
from acecoder_dagster.judge import (
    ClusterSettings,
    Judge,
    Outcome,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    Verdict,
    missing_modules,
)
from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.judge.files.known_verdicts import KnownVerdicts
from acecoder_dagster.judge.files.program_file import check_programs, program_batches
from acecoder_dagster.judge.files.question_file import read_questions
from acecoder_dagster.judge.files.verdict_file import Row, check_place, write_verdicts

CODE_VERSION = "4"
"""To be raised when a change of the judge may change a verdict."""

_FIELDS = [each.name for each in fields(Verdict) if each.name not in ("question_id", "program_id")]
_CHANGED = "the file of programs was changed while they were judged; start again"

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class JudgedFiles:
    """What became of a file of programs.

    Attributes:
        programs: number of rows in the file of verdicts.
        judged: how many programs were judged now; the verdicts of the others were known.
        verdicts: number of programs by verdict.
        outcomes: number of tests by outcome, all programs together.
        sealed_tests: how many tests were decided where the program could not reach the comparison.
        judge_errors: how many programs have a test that the judge could not decide; the next call tries them again.
        missing: number of programs by package that they could not import.
        seconds: how long judging took, without reading and writing the files.
        workers: how many programs were judged at the same time.
        launcher: what started the sandboxes: service, docker, bubblewrap or bundled bubblewrap; in a cluster, on how
            many nodes.
    """

    programs: int
    judged: int
    verdicts: Counter[str]
    outcomes: Counter[str]
    sealed_tests: int
    judge_errors: int
    missing: Counter[str]
    seconds: float
    workers: int
    launcher: str

    @property
    def passed(self) -> int:
        """Programs that passed all their tests."""
        return self.verdicts[Outcome.PASSED]

    @property
    def sealed_share(self) -> float:
        """Share of the tests that were decided where the program could not reach the comparison."""
        return self.sealed_tests / max(1, self.outcomes.total())

    @property
    def programs_per_second(self) -> float:
        """How fast programs were judged now; 0 where all verdicts were known."""
        return self.judged / self.seconds if self.judged else 0.0


def judge_files(
    questions: str | Path,
    programs: str | Path,
    out: str | Path,
    settings: SandboxSettings | None = None,
    advance: Advance = lambda done, total: None,
    cluster: ClusterSettings | None = None,
) -> JudgedFiles:
    """Judge a file of programs by a file of questions, and write a file of verdicts.

    The ending of a name says its format: Parquet, JSONL (also gzipped) or JSON. Programs are read when they are needed,
    so there may be millions; questions are held in memory.

    Every verdict is kept as soon as it is known, in a file beside `out` with the ending `.judged`. A call that was
    stopped at any moment, even by kill -9, can be repeated: it judges only what is not known yet. The key of a verdict
    is what it depends on (tests, program, limits, sandbox), so only changed inputs are judged again. That file may be
    deleted.

    Args:
        questions: columns question_id and one of these three. `tests`: a list of assert statements. `test_code` with
            `entry_point`: Python with `check(candidate)` or with `unittest.TestCase` classes. `io_tests`: a list of
            objects with `input` and `output`; with `entry_point` they are function calls, else standard input.
            Optional: `setup_code`; `cpu_seconds`, the processor time of one test in place of the setting; `entry_point`
            for `tests`, which is found where it is left out.
        programs: columns question_id, program_id, program.
        out: one row per program, in their order, with the columns of `VERDICT_SCHEMA` (see `Verdict`). Ids are text.
        settings: where and how to judge.
        advance: called with the number of programs done, and of programs in the file.
        cluster: the machines that judge; this one when left out.

    Returns:
        Counts of what is in `out`.

    Raises:
        JudgeFileError: a file is wrong, or cannot be read or written; the message names it and the row. `out` stays as
            it was.
        SandboxUnavailableError: sandboxes cannot be started here (any more).
    """
    questions, programs, out = Path(questions), Path(programs), Path(out)
    check_place(out, (questions, programs))
    tests, total = _read(questions, programs)
    with Judge(settings, cluster) as judge, KnownVerdicts(out) as known:
        keys = _Keys(tests, judge)
        started = time.perf_counter()
        judged = _judge_unknown(judge, tests, programs, keys, known, lambda done: advance(done, total))
        seconds = time.perf_counter() - started
        tally = _Tally()
        write_verdicts(out, tally.counting(_rows(programs, keys, known)))
        return JudgedFiles(
            **vars(tally),
            judged=judged,
            seconds=seconds,
            workers=judge.workers,
            launcher=judge.launcher_name,
        )


class _Keys:
    """The keys of verdicts: hashes of everything that the verdict on a program depends on."""

    def __init__(self, tests: dict[str, QuestionTests], judge: Judge) -> None:
        common = [CODE_VERSION, judge.settings.seen_by_programs(), judge.sandbox_identity]
        self._questions = {
            question_id: _digest(json.dumps([common, asdict(replace(question, question_id=""))], sort_keys=True))
            for question_id, question in tests.items()
        }

    def key(self, question_id: str, program: str) -> bytes:
        if question_id not in self._questions:
            raise JudgeFileError([f"question {question_id!r}: {_CHANGED}"])
        return _digest(program, self._questions[question_id])


def _digest(text: str, start: bytes = b"") -> bytes:
    return hashlib.sha256(start + text.encode()).digest()


@dataclass
class _Tally:
    """Counts rows of verdicts on their way into a file."""

    programs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    sealed_tests: int = 0
    judge_errors: int = 0
    missing: Counter[str] = field(default_factory=Counter)

    def counting(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.programs += 1
            self.verdicts[row["verdict"]] += 1
            self.outcomes.update(row["outcomes"])
            self.sealed_tests += sum(row["sealed"])
            self.judge_errors += Outcome.JUDGE_ERROR in row["outcomes"]
            self.missing += missing_modules([row["message"]])
            yield row


def _read(questions: Path, programs: Path) -> tuple[dict[str, QuestionTests], int]:
    """Read and check both files; return the tests of every question, and the number of programs."""
    problems = Problems()
    found = read_questions(questions, problems)
    # Programs are checked against questions, so only where all questions could be read.
    total = 0 if problems.found else check_programs(programs, found, problems)
    tests = {} if problems.found else found.tests(problems)
    if problems.found:
        raise JudgeFileError(problems.found)
    return tests, total


def _judge_unknown(
    judge: Judge,
    tests: dict[str, QuestionTests],
    programs: Path,
    keys: _Keys,
    known: KnownVerdicts,
    advance: Callable[[int], None],
) -> int:
    """Judge what is not known, and keep every verdict at once; return how many programs were judged."""
    waiting: dict[str, bytes] = {}
    done = 0

    def jobs() -> Iterator[ProgramJob]:
        nonlocal done
        for batch in program_batches(programs):
            # Consecutive programs of one question share its preparation.
            for row in batch.sort("question_id", maintain_order=True).iter_rows(named=True):
                key = keys.key(row["question_id"], row["program"])
                if known.is_final(key):
                    done += 1
                    advance(done)
                else:
                    waiting[row["program_id"]] = key
                    yield ProgramJob(tests[row["question_id"]], row["program_id"], row["program"])

    judged = 0
    for verdict in judge.judge(jobs()):
        verdict_fields = {name: getattr(verdict, name) for name in _FIELDS}
        is_final = Outcome.JUDGE_ERROR not in verdict.outcomes
        known.add(waiting.pop(verdict.program_id), verdict_fields, is_final=is_final)
        judged += 1
        done += 1
        advance(done)
    return judged


def _rows(programs: Path, keys: _Keys, known: KnownVerdicts) -> Iterator[Row]:
    for batch in program_batches(programs):
        for row in batch.iter_rows(named=True):
            verdict_fields = known.get(keys.key(row["question_id"], row["program"]))
            if verdict_fields is None:
                raise JudgeFileError([f"{programs.name}, row {row[ROW]}: {_CHANGED}"])
            yield {"question_id": row["question_id"], "program_id": row["program_id"], **verdict_fields}
