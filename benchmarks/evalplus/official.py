"""EvalPlus itself as a process: says what a reference answers and how long it takes, then checks programs.

Run by the interpreter of an environment that has evalplus (see `benchmarks.common.peers`), so it imports nothing of
ours. The first line names the two files and brings the text of a function that makes digests; the answer lists all
tasks. Each later line is `[dataset, task]`, or a program for the task that was named last: what references answer is
too much to keep.
"""

import copy
import hashlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

ENTRIES = ("base", "plus")
LONG_BITS, LONG_TEXT = 10_000, 20_000


def main() -> None:
    """Answer one line of JSON for every line of JSON."""
    files, digest_text = json.loads(sys.stdin.readline())
    os.environ |= files
    sys.set_int_max_str_digits(0)
    digest: Callable[[object], str] = eval(digest_text, {"_hashlib": hashlib})
    from evalplus.data import get_human_eval_plus, get_mbpp_plus
    from evalplus.eval import untrusted_check
    from evalplus.gen.util import trusted_exec

    tasks = {"humaneval": get_human_eval_plus(), "mbpp": get_mbpp_plus()}
    print(json.dumps([[dataset, name] for dataset, named in tasks.items() for name in named]), flush=True)
    dataset: str = ""
    task: dict[str, Any] = {}
    expected: dict[str, tuple[list[Any], list[float]]] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, list):
            dataset, name = asked
            task = tasks[dataset][name]
            reference = task["prompt"] + task["canonical_solution"]
            not_none = _is_not_none(dataset, task)
            expected = {
                kind: trusted_exec(reference, task[f"{kind}_input"], task["entry_point"], True, not_none)
                for kind in ENTRIES
            }
            answer = {"dataset": dataset, "task": name, "entry_point": task["entry_point"], "atol": task["atol"]}
            answer |= {"reference": reference}
            answer |= {kind: _written(task[f"{kind}_input"], *expected[kind], digest) for kind in ENTRIES}
        else:
            answer = {}
            for kind, (values, seconds) in expected.items():
                inputs = copy.deepcopy(task[f"{kind}_input"])
                answer[kind], _ = untrusted_check(
                    dataset, asked, inputs, task["entry_point"], values, task["atol"], seconds, fast_check=True
                )
        print(json.dumps(answer), flush=True)


def _is_not_none(dataset: str, task: dict[str, Any]) -> bool:
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS

    return dataset == "mbpp" and task["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS


def _written(
    inputs: list[Any], expected: list[Any], seconds: list[float], digest: Callable[[object], str]
) -> dict[str, Any]:
    from evalplus.eval import is_floats

    tests = [[_text(tuple(i)), *_shortened(e, digest), is_floats(e)] for i, e in zip(inputs, expected, strict=True)]
    return {"tests": tests, "seconds": seconds}


def _shortened(value: object, digest: Callable[[object], str]) -> tuple[str, bool]:
    """Return the text of what is expected, or a digest of what is too long for a test; and whether it is one."""
    is_long = len(hex(value) if type(value) is int else repr(value)) > LONG_TEXT
    return (repr(digest(value)), True) if is_long else (_text(value), False)


def _text(value: object) -> str:
    """Write a value as a Python literal: a number too long for decimals as hexadecimals, infinity as a large number."""
    if type(value) is int and value.bit_length() > LONG_BITS:
        return hex(value)
    if isinstance(value, float) and value in (float("inf"), -float("inf")):
        return "1e999" if value > 0 else "-1e999"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, set) and value:
        return f"{{{', '.join(map(_text, value))}}}"
    if isinstance(value, tuple):
        return f"({''.join(f'{_text(item)}, ' for item in value)})"
    # A counter equals the dict with the same items.
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(key)}: {_text(item)}' for key, item in value.items())}}}"
    return "(1e999 - 1e999)" if value != value else repr(value)


if __name__ == "__main__":
    main()
