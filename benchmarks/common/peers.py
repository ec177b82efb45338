"""Processes beside the judge, and the environments that have what they import."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# After each: all that its checker and its readers of files import.
EVALPLUS = (
    "evalplus==0.3.1",
    "numpy psutil appdirs wget tempdir tqdm multipledispatch datasets fire termcolor rich "
    "tree_sitter tree_sitter_python",
)
EVALSCOPE = ("evalscope==1.14.1", "numpy")


class Peer:
    """A process that reads lines of JSON and answers each with one."""

    def __init__(self, name: str, command: Sequence[str], script: Path, greeting: object = None) -> None:
        """Start it.

        Args:
            name: what error messages call it.
            command: an interpreter.
            script: what it runs.
            greeting: its first line of input, where it wants one.
        """
        self.name = name
        start = [*command, "-c", script.read_text()]
        self._process = subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if greeting is not None:
            self._tell(greeting)

    def ask(self, question: object) -> Any:  # noqa: ANN401 - whatever it says
        """Return the answer to one line."""
        self._tell(question)
        return self.answer()

    def answer(self) -> Any:  # noqa: ANN401 - whatever it says
        """Return its next line.

        Raises:
            RuntimeError: it has ended.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; its words are above")
        return json.loads(line)

    def close(self) -> None:
        """End its process."""
        self._process.kill()
        self._process.wait()

    def _tell(self, line: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()


def interpreter_with(package: str, needs: str) -> str:
    """Install a checker into an environment of its own, kept for the next time. Return its interpreter.

    Args:
        package: the pinned package; what it says that it needs is not installed.
        needs: packages, with spaces between.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "acecoder-benchmarks" / package.replace("==", "-")
    interpreter = str(folder / "bin" / "python")
    installed, wanted = folder / "installed.txt", f"{package} {needs}"
    if not installed.exists() or installed.read_text() != wanted:
        print(f"installing {package} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [interpreter, "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *needs.split()], check=True)
        subprocess.run([*pip, "--no-deps", package], check=True)
        installed.write_text(wanted)
    return interpreter
