"""Finds seeds that do what a benchmark asks for, whatever their code looks like: they pass its tests."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.judge import Judge, ProgramJob, SandboxSettings
from acecoder_dagster.python_source import NO_TREE, parse_source
from acecoder_dagster.questions.decontamination.benchmarks import CANDIDATE, BenchmarkQuestion, Benchmarks
from acecoder_dagster.questions.decontamination.settings import DecontaminationSettings

PRIMITIVES = Path(__file__).with_name("primitives.txt")
"""What Python does by itself in one expression of a, b and c."""

_MAX_TIMEOUTS = 8
"""Most tests are not meant for the function at hand. That some never end says nothing about the others."""


@dataclass(frozen=True)
class Runnable:
    """A seed's function that can be called with a number of arguments by position, from `fewest` to `most`."""

    seed_id: str
    program: str
    fewest: int
    most: int


def executing_sandbox(sandbox: SandboxSettings, settings: DecontaminationSettings) -> SandboxSettings:
    """Return the sandbox's settings with the limits under which seeds meet the tests of benchmarks."""
    limits = {
        "cpu_seconds_per_test": settings.cpu_seconds_per_test,
        "wait_seconds_per_test": 2 * settings.cpu_seconds_per_test,
        "max_timeouts": _MAX_TIMEOUTS,
    }
    return sandbox.model_copy(update=limits)


def runnable(seed_id: str, code: str, entry_point: str) -> Runnable | None:
    """Return the seed with its function named as in the benchmarks' tests, None where there is no such function."""
    try:
        body = parse_source(code).body
    except NO_TREE:
        return None
    found = [line for line in body if isinstance(line, ast.FunctionDef) and line.name == entry_point]
    if not found or any(default is None for default in found[-1].args.kw_defaults):
        return None
    arguments = found[-1].args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    most = 99 if arguments.vararg else positional
    return Runnable(seed_id, f"{code}\n\n{CANDIDATE} = {entry_point}\n", positional - len(arguments.defaults), most)


def easily_passed(benchmarks: Benchmarks, judge: Judge) -> set[str]:
    """Return the questions of which a primitive of Python passes every test: that a seed passes them says little."""
    primitives = []
    for expression in PRIMITIVES.read_text(encoding="utf-8").splitlines():
        arguments = [name for name in "abc" if re.search(rf"\b{name}\b", expression)]
        code = f"{CANDIDATE} = lambda {', '.join(arguments)}: {expression}\n"
        primitives.append(Runnable(expression, code, len(arguments), len(arguments)))
    return {question.upstream_id for _, question in passes_tests(primitives, benchmarks, judge, lambda _: None)}


def passes_tests(
    seeds: Iterable[Runnable], benchmarks: Benchmarks, judge: Judge, advance: Callable[[int], None]
) -> Iterator[tuple[str, BenchmarkQuestion]]:
    """Yield seeds with the questions of which they pass every test.

    Each seed is run once per number of arguments on the first tests of all questions, and then on the other tests of
    those that it passed.

    Args:
        seeds: functions to run.
        benchmarks: the questions.
        judge: an open judge, with the limits of `executing_sandbox`.
        advance: called with the number of runs done.
    """
    programs: dict[str, str] = {}
    first: list[ProgramJob] = []
    for seed in seeds:
        programs[seed.seed_id] = seed.program
    for arity in sorted(benchmarks.by_arity):
        tests = benchmarks.first_tests(arity)
        first += [ProgramJob(tests, s.seed_id, s.program) for s in seeds if s.fewest <= arity <= s.most]
    second: list[ProgramJob] = []
    questions: dict[str, BenchmarkQuestion] = {}
    arities = {benchmarks.first_tests(arity).question_id: arity for arity in benchmarks.by_arity}
    for verdict in judge.judge(first):
        advance(1)
        asked = benchmarks.by_arity[arities[verdict.question_id]]
        for question, passed in zip(asked, verdict.passed, strict=True):
            if passed:
                questions[question.upstream_id] = question
                second.append(ProgramJob(question.question_tests, verdict.program_id, programs[verdict.program_id]))
    second.sort(key=lambda job: job.question.question_id)
    for verdict in judge.judge(second):
        if all(verdict.passed):
            yield verdict.program_id, questions[verdict.question_id]
