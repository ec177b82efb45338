"""LiveCodeBench's checker as a process, in the form in which the package evalscope carries it.

Run by the interpreter of an environment that has it (see `benchmarks.common.peers`), so it imports nothing of ours.
Each line is a program with its inputs, outputs and the name of its function; the answer is whether it passed.
"""

import importlib.util
import json
import multiprocessing
import os
import sys
import types
from typing import Any

SECONDS = 6
"""For each test: LiveCodeBench's own."""


def main() -> None:
    """Answer one line of JSON for every line of JSON."""
    module = _checker()
    processes = multiprocessing.get_context("fork")
    for line in sys.stdin:
        asked = json.loads(line)
        ours, theirs = processes.Pipe(duplex=False)
        # The checker takes functions away from the process that it runs in.
        process = processes.Process(target=_check, args=(module, asked, theirs))
        process.start()
        theirs.close()
        process.join((SECONDS + 1) * len(asked["inputs"]) + 5)
        process.kill()
        try:
            passed = ours.recv()
        except EOFError:
            passed = False
        print(json.dumps(passed), flush=True)


def _check(module: types.ModuleType, asked: dict[str, Any], answer: Any) -> None:  # noqa: ANN401 - a connection
    tests = {"inputs": asked["inputs"], "outputs": asked["outputs"], "fn_name": asked["function"] or None}
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    found = module.run_test({"input_output": json.dumps(tests)}, test=asked["program"], timeout=SECONDS)
    answer.send(bool(found) and len(found[0]) > 0 and all(each is True for each in found[0]))


def _checker() -> types.ModuleType:
    """Load the one file, without the package around it and what that imports."""
    package = importlib.util.find_spec("evalscope")
    assert package is not None
    assert package.submodule_search_locations is not None
    for name, members in {"io_utils": ("current_time",), "logger": ("get_logger",)}.items():
        stand_in = types.ModuleType(f"evalscope.utils.{name}")
        for member in members:
            setattr(stand_in, member, lambda *_: None)
        sys.modules[stand_in.__name__] = stand_in
    sys.modules["evalscope"] = types.ModuleType("evalscope")
    sys.modules["evalscope.utils"] = types.ModuleType("evalscope.utils")
    place = f"{package.submodule_search_locations[0]}/benchmarks/live_code_bench/testing_util.py"
    found = importlib.util.spec_from_file_location("testing_util", place)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
