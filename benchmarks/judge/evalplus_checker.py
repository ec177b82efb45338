"""evalplus's own checker as a process: reads programs as JSON lines, answers how long they took.

Run by the interpreter of an environment that has evalplus (see `benchmarks.common.peers`), so it imports nothing of
ours.
"""

import json
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Answer one line of JSON for every line of JSON."""
    from evalplus.eval import untrusted_check

    print("null", flush=True)
    for line in sys.stdin:
        programs: list[dict[str, Any]] = json.loads(line)
        for program in programs:
            # JSON has no tuples, so values travel as Python text.
            program["inputs"] = [list(eval(text)) for text in program["inputs"]]
            program["expected"] = [eval(text) for text in program["expected"]]
        cpu, started = _cpu_seconds(), time.perf_counter()
        passed = []
        for program in programs:
            steps = len(program["inputs"])
            _, details = untrusted_check(
                "", program["program"], program["inputs"], program["entry_point"], program["expected"], 0, [0.0] * steps
            )
            passed.append([bool(detail) for detail in details] + [False] * (steps - len(details)))
        wall = time.perf_counter() - started
        answer = {"wall": wall, "cpu": _cpu_seconds() - cpu, "passed": passed}
        print(json.dumps(answer), flush=True)


def _cpu_seconds() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
