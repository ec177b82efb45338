"""EvalPlus itself as a process: says what the references answer and how long they take, then checks programs.

Run by the interpreter of an environment that has evalplus (see `benchmarks.common.peers`), so it imports nothing of
ours. The first line names the two files and brings the text of `comparison`; each later line is a data set, a task and
a program.
"""

import copy
import json
import os
import sys
from collections.abc import Callable
from typing import Any

ENTRIES = ("base", "plus")
LONG_BITS, LONG_TEXT = 10_000, 20_000


def main() -> None:
    """Answer one line of JSON for every line of JSON."""
    files, comparison = json.loads(sys.stdin.readline())
    os.environ |= files
    sys.set_int_max_str_digits(0)
    ours: dict[str, Any] = {}
    exec(comparison, ours)
    from evalplus.data import get_human_eval_plus, get_mbpp_plus
    from evalplus.eval import is_floats, untrusted_check
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS, MBPP_OUTPUT_SET_EQ_TASKS
    from evalplus.gen.util import trusted_exec

    tasks: dict[tuple[str, str], dict[str, Any]] = {}
    for dataset, load in (("humaneval", get_human_eval_plus), ("mbpp", get_mbpp_plus)):
        for name, task in load().items():
            reference, entry_point = task["prompt"] + task["canonical_solution"], task["entry_point"]
            said = {"dataset": dataset, "task": name, "entry_point": entry_point, "atol": task["atol"]}
            not_none = dataset == "mbpp" and entry_point in MBPP_OUTPUT_NOT_NONE_TASKS
            as_set = dataset == "mbpp" and entry_point in MBPP_OUTPUT_SET_EQ_TASKS
            said |= {"reference": reference, "not_none": not_none, "as_set": as_set}
            for kind in ENTRIES:
                inputs = task[f"{kind}_input"]
                expected, seconds = trusted_exec(reference, inputs, entry_point, True, not_none)
                task[kind] = expected, seconds
                tests = [
                    [_text(tuple(i)), *_shortened(e, ours["_digest_of"]), is_floats(e)]
                    for i, e in zip(inputs, expected, strict=True)
                ]
                said[kind] = {"tests": tests, "seconds": seconds}
            tasks[dataset, name] = task
            print(json.dumps(said), flush=True)
    print("null", flush=True)
    for line in sys.stdin:
        dataset, name, program = json.loads(line)
        task = tasks[dataset, name]
        answer = {}
        for kind in ENTRIES:
            expected, seconds = task[kind]
            inputs = copy.deepcopy(task[f"{kind}_input"])
            state, _ = untrusted_check(dataset, program, inputs, task["entry_point"], expected, task["atol"], seconds)
            answer[kind] = state
        print(json.dumps(answer), flush=True)


def _shortened(value: object, digest: Callable[[object], str]) -> tuple[str, bool]:
    """Return the text of what is expected, or a digest of what is too long for a test; and whether it is one."""
    is_long = len(hex(value) if type(value) is int else repr(value)) > LONG_TEXT
    return (repr(digest(value)), True) if is_long else (_text(value), False)


def _text(value: object) -> str:
    """Write a value as Python text; a number too long for decimals as hexadecimals."""
    if type(value) is int and value.bit_length() > LONG_BITS:
        return hex(value)
    if type(value) is list:
        return f"[{', '.join(map(_text, value))}]"
    if type(value) is tuple:
        return f"({''.join(f'{_text(item)}, ' for item in value)})"
    # A counter equals the dict with the same items.
    return repr(dict(value)) if isinstance(value, dict) else repr(value)


if __name__ == "__main__":
    main()
