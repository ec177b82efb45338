"""The limit: an interpreter that does what judging cannot do without, and nothing else; without any sandbox.

Run by the interpreter that a launcher's sandboxes have, so it imports nothing of ours. It answers each line of JSON:
for every program it forks, and the child compiles and executes the program, and executes the tests.
"""

import gc
import importlib
import json
import os
import resource
import time
from types import CodeType
from typing import Any


def main() -> None:
    """Answer one line of JSON for every line of JSON; the first names what to import before any fork."""
    # What a program reads and prints must not be ours.
    questions, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    for name in json.loads(questions.readline()):
        importlib.import_module(name)
    for number in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    gc.freeze()
    gc.disable()
    print("null", file=answers, flush=True)
    for line in questions:
        jobs: list[dict[str, Any]] = json.loads(line)
        compiled: dict[str, CodeType] = {}
        for test in {test for job in jobs for test in job["tests"]}:
            compiled[test] = compile(test, "<test>", "exec")
        cpu, started = _cpu_seconds(), time.perf_counter()
        passed = [_run(job["program"], [compiled[test] for test in job["tests"]]) for job in jobs]
        wall = time.perf_counter() - started
        answer = {"wall": wall, "cpu": _cpu_seconds() - cpu, "passed": passed}
        print(json.dumps(answer), file=answers, flush=True)


def _run(program: str, tests: list[CodeType]) -> list[bool]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        namespace: dict[str, Any] = {}
        try:
            exec(compile(program, "candidate.py", "exec"), namespace)
            for test in tests:
                os.write(writing, b"P" if _passes(test, namespace) else b"F")
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    report = os.read(reading, len(tests))
    os.close(reading)
    return [letter == ord("P") for letter in report.ljust(len(tests), b"F")]


def _passes(test: CodeType, namespace: dict[str, Any]) -> bool:
    try:
        exec(test, namespace)
    except BaseException:
        return False
    return True


def _cpu_seconds() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
