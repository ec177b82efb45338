"""Judging a file of programs by a file of questions: what the command `acecoder judge` does."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from acecoder_dagster.files import ROW, Problems
from acecoder_dagster.judge import (
    Judge,
    Outcome,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    Verdict,
)
from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.judge.files.known_verdicts import KnownVerdicts
from acecoder_dagster.judge.files.program_file import check_programs, program_batches
from acecoder_dagster.judge.files.question_file import read_questions
from acecoder_dagster.judge.files.verdict_file import Row, check_place, write_verdicts

CODE_VERSION = "1"
"""Raise when a program may get another verdict than before."""

_FIELDS = [each.name for each in fields(Verdict) if each.name not in ("question_id", "program_id")]
_CHANGED = "the file of programs was changed while they were judged; start again"

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class JudgedFiles:
    """What became of a file of programs.

    Attributes:
        programs: rows of the file of verdicts.
        judged: programs that were judged just now; the verdicts of the others were known.
        verdicts: programs by verdict.
        outcomes: tests by outcome, all programs together.
        sealed_tests: tests that were decided where the program could not reach the comparison.
        judge_errors: programs with a test that the judge could not decide; the next start tries them again.
        seconds: what judging took, reading and writing the files not counted.
        workers: programs judged at the same time.
        launcher: what started the sandboxes: service, docker, bubblewrap or bundled bubblewrap.
    """

    programs: int
    judged: int
    verdicts: Counter[str]
    outcomes: Counter[str]
    sealed_tests: int
    judge_errors: int
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
        """How fast programs were judged just now."""
        return self.judged / self.seconds if self.judged else 0.0


def judge_files(
    questions: str | Path,
    programs: str | Path,
    out: str | Path,
    settings: SandboxSettings | None = None,
    advance: Advance = lambda done, total: None,
) -> JudgedFiles:
    """Judge a file of programs by a file of questions, and write a file of verdicts.

    The formats are Parquet, JSONL (also gzipped) and JSON, by the ending of the name. Programs are read as they are
    needed, so that there may be millions; questions are held in memory. Every verdict is kept as soon as it is known in
    a file beside `out`, under its name and `.judged`: stopped at any moment, also by kill -9, and called again, this
    judges only what is not known yet. A verdict is known by what it depends on (tests, program, limits, sandbox), so
    changed inputs are judged anew and nothing else is. It is no harm to delete that file.

    Args:
        questions: columns question_id and one of `tests` (list of assert statements), `test_code` with `entry_point`
            (`check(candidate)` or `unittest.TestCase`), `io_tests` (list of objects with `input` and `output`; with
            `entry_point` function calls, else standard input); optional `setup_code`, `cpu_seconds` (processor time of
            one test, in place of the setting), and `entry_point` for `tests`.
        programs: columns question_id, program_id, program.
        out: one row per program, in their order: question_id, program_id, verdict, outcomes, passed, pass_rate, sealed,
            cpu_ms, wall_ms, peak_mb, message (see `Verdict`). Ids are text.
        settings: where and how to judge.
        advance: called with the programs done and the programs in the file.

    Returns:
        Counts of what is in `out`.

    Raises:
        JudgeFileError: a file cannot be read or written, or is wrong; the message names it and the row. `out` is as it
            was.
        SandboxUnavailableError: sandboxes cannot be started here (any more).
    """
    questions, programs, out = Path(questions), Path(programs), Path(out)
    check_place(out, (questions, programs))
    tests, total = _read(questions, programs)
    with Judge(settings) as judge, KnownVerdicts(out) as known:
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
            workers=judge.settings.workers,
            launcher=judge.launcher_name,
        )


class _Keys:
    """What stands for everything that the verdict on a program depends on."""

    def __init__(self, tests: dict[str, QuestionTests], judge: Judge) -> None:
        kind, *seen_by_programs = judge.sandbox_identity
        common = [CODE_VERSION, judge.settings.limits(), kind, seen_by_programs]
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
    """Counts rows while they pass by."""

    programs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    sealed_tests: int = 0
    judge_errors: int = 0

    def counting(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            self.programs += 1
            self.verdicts[row["verdict"]] += 1
            self.outcomes.update(row["outcomes"])
            self.sealed_tests += sum(row["sealed"])
            self.judge_errors += Outcome.JUDGE_ERROR in row["outcomes"]
            yield row


def _read(questions: Path, programs: Path) -> tuple[dict[str, QuestionTests], int]:
    """Read and check both files; return the tests of every question, and how many programs there are."""
    problems = Problems()
    found = read_questions(questions, problems)
    # What is wrong with the programs can be said only beside questions that were all read.
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
    """Judge what is not known and keep every verdict at once; return how many programs that were."""
    waiting: dict[str, bytes] = {}
    done = 0

    def jobs() -> Iterator[ProgramJob]:
        nonlocal done
        for batch in program_batches(programs):
            # Programs of one question that come together share its preparation.
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
        said = {name: getattr(verdict, name) for name in _FIELDS}
        is_final = Outcome.JUDGE_ERROR not in verdict.outcomes
        known.add(waiting.pop(verdict.program_id), said, is_final=is_final)
        judged += 1
        done += 1
        advance(done)
    return judged


def _rows(programs: Path, keys: _Keys, known: KnownVerdicts) -> Iterator[Row]:
    for batch in program_batches(programs):
        for row in batch.iter_rows(named=True):
            said = known.get(keys.key(row["question_id"], row["program"]))
            if said is None:
                raise JudgeFileError([f"{programs.name}, row {row[ROW]}: {_CHANGED}"])
            yield {"question_id": row["question_id"], "program_id": row["program_id"], **said}
