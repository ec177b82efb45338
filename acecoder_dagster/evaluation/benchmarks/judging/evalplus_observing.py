"""What a reference answers and how long it takes: setup code behind the reference, in a sandbox."""

import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

LONG_BITS, LONG_TEXT = 10_000, 20_000


def observed_answer(
    digest: Callable[[object], str], function: Callable[..., Any], arguments: Sequence[Any], only_not_none: bool
) -> tuple[str, bool, bool, float]:
    """Return the text of the answer or of its digest, whether it is one, whether it is floats, and the seconds."""
    sys.set_int_max_str_digits(0)
    started = time.process_time()
    answer = function(*arguments)
    seconds = time.process_time() - started
    if only_not_none:
        answer = answer is not None
    is_long = len(hex(answer) if type(answer) is int else repr(answer)) > LONG_TEXT
    text = repr(digest(answer)) if is_long else python_text(answer)
    return text, is_long, are_floats(answer), seconds


def are_floats(value: object) -> bool:
    """Tell whether a value is a float, or a list or tuple of nothing else."""
    if isinstance(value, (list, tuple)) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def python_text(value: object) -> str:
    """Write a value as a Python literal: a number too long for decimals as hexadecimals, infinity as a large number."""
    if type(value) is int and value.bit_length() > LONG_BITS:
        return hex(value)
    if isinstance(value, float) and value in (float("inf"), -float("inf")):
        return "1e999" if value > 0 else "-1e999"
    if isinstance(value, list):
        return f"[{', '.join(map(python_text, value))}]"
    if isinstance(value, set) and value:
        return f"{{{', '.join(map(python_text, value))}}}"
    if isinstance(value, tuple):
        return f"({''.join(f'{python_text(item)}, ' for item in value)})"
    # A counter equals the dict with the same items.
    if isinstance(value, dict):
        return f"{{{', '.join(f'{python_text(key)}: {python_text(item)}' for key, item in value.items())}}}"
    return "(1e999 - 1e999)" if isinstance(value, float) and math.isnan(value) else repr(value)
