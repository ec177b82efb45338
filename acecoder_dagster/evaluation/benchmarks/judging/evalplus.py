"""EvalPlus's tests, for the judge: what the reference answers, compared as evalplus compares.

The comparison is that of `unsafe_execute` in evalplus/eval/__init__.py (evalplus 0.3.1); which tasks compare otherwise
is said in evalplus/eval/_special_oracle.py. The reference answers in a sandbox, as programs do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder_dagster.evaluation.benchmarks.judging.evalplus_observing import python_text
from acecoder_dagster.evaluation.benchmarks.judging.question import KIND, Question
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.reading.task import Task
from acecoder_dagster.judge import Judge
from acecoder_dagster.judge.files.known_verdicts import KnownVerdicts

CODE_VERSION = "1"
"""To be raised when what is observed of references changes."""

_HERE = Path(__file__).parent
# Only comparisons use them; modules under such names are not there for programs.
_IMPORTS = {"_hashlib": "import hashlib as _hashlib", "_numpy": "import numpy as _numpy"}
_SPECIAL_SETUP = (_HERE / "evalplus_comparison.py").read_text(encoding="utf-8")
DIGEST = (
    "lambda out: _hashlib.sha256((hex(out) if isinstance(out, int) else repr(out).replace('.0', ''))"
    ".encode('utf-8', 'surrogatepass')).hexdigest()"
)
"""Text of a function that digests an answer, for code that has `hashlib` as `_hashlib`.

Numbers that are equal have one text; `hex`, as decimals of long numbers take minutes.
"""
_CLOSE = (
    "lambda out, expected: out == expected or (type(out) is type(expected) "
    "and (not isinstance(expected, (list, tuple)) or len(out) == len(expected)) "
    "and bool(_numpy.allclose(out, expected, rtol=1e-07, atol={atol})))"
)
_OBSERVING = "\n".join(
    [
        _IMPORTS["_hashlib"],
        f"digest_of_answer = {DIGEST}",
        (_HERE / "evalplus_observing.py").read_text(encoding="utf-8"),
    ]
)
_CALLS = 200
"""Calls of a reference that are observed together: what they answer leaves the sandbox in one report."""

_NOT_NONE = {"check_str", "text_match_three", "text_starta_endb"}
_AS_SETS = {
    "similar_elements",
    "find_char_long",
    "common_in_nested_lists",
    "extract_singly",
    "larg_nnum",
    "intersection_array",
    "find_dissimilar",
    "Diff",
}

_SPECIAL = {
    ("humaneval", "find_zero"): "_is_zero({call}, *{arguments}, {atol})",
    ("mbpp", "are_equivalent"): "({call},)",
    ("mbpp", "sum_div"): "_same_or_zero({call}, {expected})",
    ("mbpp", "surface_Area"): "_surface({call}, {expected}, *{arguments}, {atol})",
    ("mbpp", "digit_distance_nums"): "_distance({call}, {expected}, *{arguments})",
}


@dataclass(frozen=True)
class Answer:
    """What a reference answers to one input.

    Attributes:
        text: the answer as Python text, or that of a digest where it is long.
        is_digest: whether it is one.
        is_floats: whether it is a float, or a list or tuple of floats.
        seconds: processor time that it took.
    """

    text: str
    is_digest: bool
    is_floats: bool
    seconds: float


@dataclass(frozen=True)
class _Asked:
    """What a reference is asked: the inputs of one kind of tests, as Python text, and the calls with them."""

    task: Task
    kind: KIND
    arguments: Sequence[str]
    calls: Sequence[str]
    key: bytes


def questions(
    protocol: Protocol, tasks: Sequence[Task], judge: Judge, known: KnownVerdicts, advance: Callable[[int, int], None]
) -> Iterator[Question]:
    """Return the questions of EvalPlus tasks, one for each kind of tests; a kind without inputs has none.

    Args:
        protocol: which kinds of tests, and how long they may take.
        tasks: the tasks.
        judge: where references answer.
        known: keeps what they answer.
        advance: called with how many references answered, and how many have to.

    Yields:
        Questions. One whose reference does not answer has no tests, and says why.
    """
    asked = [
        _asked(protocol, task, kind, judge)
        for task in tasks
        for kind in protocol.scoring.tests
        if task.record[f"{kind}_input"]
    ]
    unknown = [each for each in asked if not known.is_final(each.key)]
    problems = {}
    pool = ThreadPoolExecutor(judge.workers)
    try:
        answering = [pool.submit(_observed, judge, each) for each in unknown]
        for done, (each, answers) in enumerate(zip(unknown, answering, strict=True), start=1):
            found = answers.result()
            if isinstance(found, str):
                problems[each.key] = found
            else:
                known.add(each.key, {"answers": found}, is_final=True)
            advance(done, len(unknown))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for each in asked:
        kept = known.get(each.key)
        if kept is None:
            yield Question(each.task.task_id, each.kind, each.task.entry_point, problem=problems[each.key])
        else:
            yield _question(protocol, each, [Answer(*one) for one in kept["answers"]])


def _question(protocol: Protocol, asked: _Asked, answers: Sequence[Answer]) -> Question:
    task, scoring = asked.task, protocol.scoring
    factor = scoring.reference_time_factor or 1.0
    observed = zip(asked.arguments, answers, strict=True)
    tests = assertions(protocol.data.variant, task.entry_point, task.record["atol"], observed)
    return Question(
        task.task_id,
        asked.kind,
        task.entry_point,
        setup_code=setup_code(protocol.data.variant, task.entry_point, tests),
        tests=tests,
        cpu_seconds=max(scoring.least_seconds, factor * max(each.seconds for each in answers)),
    )


def _asked(protocol: Protocol, task: Task, kind: KIND, judge: Judge) -> _Asked:
    only_not_none = protocol.data.variant == "mbpp" and task.entry_point in _NOT_NONE
    arguments = [_argument_text(each) for each in task.record[f"{kind}_input"]]
    calls = [f"observed_answer(digest_of_answer, {task.entry_point}, {each}, {only_not_none})" for each in arguments]
    seen = [CODE_VERSION, judge.settings.seen_by_programs(), judge.sandbox_identity]
    key = hashlib.sha256(json.dumps([seen, _OBSERVING, task.reference, calls]).encode()).digest()
    return _Asked(task, kind, arguments, calls, key)


def _observed(judge: Judge, asked: _Asked) -> list[Any] | str:
    """Return what `Answer` is made of, for each call; where the reference does not answer, why."""
    found = []
    for start in range(0, len(asked.calls), _CALLS):
        for each in judge.observe(asked.task.reference, _OBSERVING, asked.calls[start : start + _CALLS]):
            if each.error:
                return f"the reference: {each.error} {each.message}".strip()
            found.append(each.value)
    return found


def setup_code(variant: str, entry_point: str, tests: Sequence[str]) -> str:
    """Return what has to run before the assertions of a task: nothing where only equality is asked."""
    if _special(variant, entry_point):
        return _SPECIAL_SETUP
    return "\n".join(line for name, line in _IMPORTS.items() if any(f"{name}." in test for test in tests))


def assertions(variant: str, entry_point: str, atol: float, observed: Iterable[tuple[str, Answer]]) -> tuple[str, ...]:
    """Return an assertion for each input of a task, which compares as evalplus does.

    Args:
        variant: humaneval or mbpp.
        entry_point: name of the function.
        atol: tolerance of the task.
        observed: the arguments of each call, as the Python text of a tuple, and what the reference answers.
    """
    tests, tolerance, special = [], atol, _special(variant, entry_point)
    for arguments, answer in observed:
        call = f"{entry_point}(*{arguments})"
        # As there, a tolerance for floats holds for all later inputs of the task too.
        tolerance = tolerance or (1e-6 if answer.is_floats else 0)
        if special:
            comparison = special.format(call=call, arguments=arguments, expected=answer.text, atol=tolerance)
        elif answer.is_digest:
            comparison = f"({DIGEST})({call}) == {answer.text}"
        elif tolerance:
            comparison = f"({_CLOSE.format(atol=tolerance)})({call}, {answer.text})"
        else:
            comparison = f"{call} == {answer.text}"
        tests.append(f"assert {comparison}")
    return tuple(tests)


def _special(variant: str, name: str) -> str:
    """Return how one of the tasks with a rule of its own is compared; empty for all others."""
    if variant == "mbpp" and name in _NOT_NONE:
        return "_as_good({call}, {expected})"
    if variant == "mbpp" and name in _AS_SETS:
        return "_same_set({call}, {expected})"
    return _SPECIAL.get((variant, name), "")


def _argument_text(arguments: Sequence[Any]) -> str:
    """Return the arguments of a call as the Python text of a tuple."""
    return python_text(tuple(arguments))
