"""EvalPlus's own format: HumanEvalPlus.jsonl and MbppPlus.jsonl (github.com/evalplus/evalplus, `evalplus/data`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acecoder_dagster.evaluation.benchmarks.reading.task import Task, TaskError, list_of, text_of


def read_task(row: Mapping[str, Any], variant: str) -> Task:
    """Return the task of a row.

    The record keeps all columns; `base_input` and `plus_input` are lists of the arguments of one call each, with the
    types that JSON cannot say (`mbpp_deserialize_inputs` of evalplus/data/mbpp.py).

    Args:
        row: columns task_id, prompt, entry_point, canonical_solution, contract, base_input, plus_input, atol.
        variant: humaneval or mbpp.

    Raises:
        TaskError: a column is missing, or holds something else.
    """
    task_id, prompt, solution = (text_of(row, column) for column in ("task_id", "prompt", "canonical_solution"))
    text_of(row, "contract")
    atol = row.get("atol")
    if isinstance(atol, bool) or not isinstance(atol, int | float):
        raise TaskError(f"atol: a number is needed, not {atol!r}")
    typed = _TYPED.get(task_id.partition("/")[2], _as_it_is) if variant == "mbpp" else _as_it_is
    inputs = {}
    for column in ("base_input", "plus_input"):
        # Mbpp/793 has an empty object for no inputs.
        calls = [] if row.get(column) == {} else list_of(row, column)
        try:
            inputs[column] = [_arguments(typed, call) for call in calls]
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise TaskError(f"{column}: not the arguments of {task_id}: {error}") from error
    return Task(
        task_id,
        text_of(row, "entry_point"),
        {"prompt": prompt},
        dict(row) | inputs,
        reference=prompt + solution,
    )


Arguments = list[Any]


def _arguments(typed: Callable[[Arguments], Arguments], call: object) -> Arguments:
    if not isinstance(call, list):
        raise TypeError(f"a list of arguments is needed, not {type(call).__name__}")
    return list(typed(call))


def _as_it_is(call: Arguments) -> Arguments:
    return call


def _tuples(call: Arguments) -> Arguments:
    return [tuple(each) for each in call]


def _lists_of_tuples(call: Arguments) -> Arguments:
    return [[tuple(item) for item in each] for each in call]


def _list_of_tuples_first(call: Arguments) -> Arguments:
    return [[tuple(item) for item in call[0]], call[1]]


def _tuple_second(call: Arguments) -> Arguments:
    return [call[0], tuple(call[1])]


def _sets(call: Arguments) -> Arguments:
    # An empty list becomes a dict, not a set: so it is there.
    return [[set(item) if isinstance(item, list) and item else {} for item in call[0]]]


def _tuple_and_number(call: Arguments) -> Arguments:
    return [tuple(call[0]), call[1]]


def _tuple_first_of_three(call: Arguments) -> Arguments:
    return [tuple(call[0]), call[1], call[2]]


def _tuples_of_tuples(call: Arguments) -> Arguments:
    return [tuple(tuple(item) for item in each) for each in call]


def _tuple_with_tuples(call: Arguments) -> Arguments:
    return [tuple(tuple(item) if isinstance(item, list) else item for item in call[0])]


def _dict_of_tuples(call: Arguments) -> Arguments:
    return [{key: tuple(value) for key, value in call[0].items()}, *call[1:]]


def _float_and_complex(call: Arguments) -> Arguments:
    return [float(call[0]), complex(call[1])]


def _complex(call: Arguments) -> Arguments:
    return [complex(call[0])]


def _all_tuples(call: Arguments) -> Arguments:
    return [_as_tuple(each) for each in call]


def _as_tuple(value: object) -> object:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


_GROUPS: tuple[tuple[str, Callable[[Arguments], Arguments]], ...] = (
    ("2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809", _tuples),
    ("63 64 70 94 120 237 272 299 400 409 417 438 473 614 780", _lists_of_tuples),
    ("75 413 444 753", _list_of_tuples_first),
    ("106 750", _tuple_second),
    ("115", _sets),
    ("124", _float_and_complex),
    ("250 405 446 617 720 763 808", _tuple_and_number),
    ("259 401 445", _tuples_of_tuples),
    ("278", _tuple_with_tuples),
    ("307", _tuple_first_of_three),
    ("722", _dict_of_tuples),
    ("252", _complex),
    ("580 615 791", _all_tuples),
)
_TYPED = {number: typed for numbers, typed in _GROUPS for number in numbers.split()}
"""By the number of a task of MBPP: what makes of lists and texts the arguments that its tests mean."""
