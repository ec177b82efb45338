"""EvalPlus's tests, for the judge: what the reference answers, compared as evalplus compares.

The comparison is that of `unsafe_execute` in evalplus/eval/__init__.py (evalplus 0.3.1); which tasks compare otherwise
is said in evalplus/eval/_special_oracle.py. The reference answers in a sandbox, as programs do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder_dagster.evaluation.benchmarks.judging.question import KIND, Question
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.reading.task import Task
from acecoder_dagster.judge import Judge
from acecoder_dagster.judge.files.known_verdicts import KnownVerdicts

CODE_VERSION = "1"
"""To be raised when what is observed of references changes."""

_HERE = Path(__file__).parent
COMPARISON = (_HERE / "evalplus_comparison.py").read_text(encoding="utf-8")
_OBSERVING = COMPARISON + (_HERE / "evalplus_observing.py").read_text(encoding="utf-8")
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


def questions(
    protocol: Protocol, tasks: Sequence[Task], judge: Judge, known: KnownVerdicts, advance: Callable[[int], None]
) -> Iterator[Question]:
    """Return the questions of EvalPlus tasks, one for each kind of tests; a kind without inputs has none.

    Args:
        protocol: which kinds of tests, and how long they may take.
        tasks: the tasks.
        judge: where references answer.
        known: keeps what they answer.
        advance: called with the number of tasks done.

    Yields:
        Questions. One whose reference does not answer has no tests, and says why.
    """
    for done, task in enumerate(tasks, start=1):
        for kind in protocol.scoring.tests:
            inputs = task.record[f"{kind}_input"]
            if inputs:
                answers = _answers(protocol, task, inputs, judge, known)
                yield _question(protocol, task, kind, inputs, answers)
        advance(done)


def _question(
    protocol: Protocol, task: Task, kind: KIND, inputs: Sequence[list[Any]], answers: list[Answer] | str
) -> Question:
    if isinstance(answers, str):
        return Question(task.task_id, kind, task.entry_point, problem=answers)
    scoring = protocol.scoring
    factor = scoring.reference_time_factor or 1.0
    return Question(
        task.task_id,
        kind,
        task.entry_point,
        setup_code=COMPARISON,
        tests=tuple(_tests(protocol.data.variant, task, inputs, answers)),
        cpu_seconds=max(scoring.least_seconds, factor * max(each.seconds for each in answers)),
    )


def _answers(
    protocol: Protocol, task: Task, inputs: Sequence[list[Any]], judge: Judge, known: KnownVerdicts
) -> list[Answer] | str:
    """Return what the reference answers; where it does not, why."""
    only_not_none = protocol.data.variant == "mbpp" and task.entry_point in _NOT_NONE
    calls = [f"_observed({task.entry_point}, {argument_text(each)}, {only_not_none})" for each in inputs]
    seen = [CODE_VERSION, judge.settings.seen_by_programs(), judge.sandbox_identity]
    key = hashlib.sha256(json.dumps([seen, _OBSERVING, task.reference, calls]).encode()).digest()
    kept = known.get(key) if known.is_final(key) else None
    if kept is None:
        kept = {"answers": []}
        for start in range(0, len(calls), _CALLS):
            for each in judge.observe(task.reference, _OBSERVING, calls[start : start + _CALLS]):
                if each.error:
                    return f"the reference: {each.error} {each.message}".strip()
                kept["answers"].append(each.value)
        known.add(key, kept, is_final=True)
    return [Answer(*each) for each in kept["answers"]]


def argument_text(arguments: Sequence[Any]) -> str:
    """Return the arguments of a call as the Python text of a tuple; `inf` and `nan` are names of the comparison."""
    return f"({''.join(f'{_text(each)}, ' for each in arguments)})"


def _text(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{_text(item)}, ' for item in value)})"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 10_000:
        return hex(value)
    return repr(value)


def _tests(variant: str, task: Task, inputs: Sequence[list[Any]], answers: Sequence[Answer]) -> Iterator[str]:
    tolerance = task.record["atol"]
    for arguments, answer in zip(map(argument_text, inputs), answers, strict=True):
        call = f"{task.entry_point}(*{arguments})"
        # As there, a tolerance for floats holds for all later inputs of the task too.
        tolerance = tolerance or (1e-6 if answer.is_floats else 0)
        if answer.is_digest:
            yield f"assert _same_long({call}, {answer.text})"
        else:
            yield f"assert {_comparison(variant, task.entry_point, call, arguments, answer.text, tolerance)}"


def _comparison(variant: str, name: str, call: str, arguments: str, expected: str, tolerance: float) -> str:
    if variant == "humaneval" and name == "find_zero":
        return f"_is_zero({call}, *{arguments}, {tolerance})"
    if variant == "mbpp":
        if name in _NOT_NONE:
            return f"_as_good({call}, {expected})"
        if name in _AS_SETS:
            return f"_same_set({call}, {expected})"
        special = {
            "are_equivalent": f"({call},)",
            "sum_div": f"_same_or_zero({call}, {expected})",
            "surface_Area": f"_surface({call}, {expected}, *{arguments}, {tolerance})",
            "digit_distance_nums": f"_distance({call}, {expected}, *{arguments})",
        }
        if name in special:
            return special[name]
    return f"_same({call}, {expected}, {tolerance})" if tolerance else f"_same({call}, {expected})"
