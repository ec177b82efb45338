"""Runs in a sandbox as a program under observation: which lines of another program do its tests run."""

import contextlib
import tempfile
from pathlib import Path

import coverage


def covered_lines(source: str, tests: list[str]) -> tuple[int, int]:
    """Return how many lines of the source the tests run, and how many there are to run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.py"
        path.write_text(source, encoding="utf-8")
        measuring = coverage.Coverage(data_file=None, config_file=False, include=[str(path)], messages=False)
        names: dict[str, object] = {"__name__": "reference"}
        measuring.start()
        try:
            exec(compile(source, str(path), "exec"), names)  # noqa: S102 - this is the sandbox
            for test in tests:
                # A test that fails has run its lines too.
                with contextlib.suppress(Exception):
                    exec(test, names)  # noqa: S102
        finally:
            measuring.stop()
        _, lines, _, missing, _ = measuring.analysis2(str(path))
    return len(lines) - len(missing), len(lines)
