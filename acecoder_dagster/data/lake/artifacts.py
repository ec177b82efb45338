"""Folders that trainings write: one for each content key, and a file that names the finished one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from acecoder_dagster.files import read_json, replace_json

POINTER = "current.json"


@dataclass(frozen=True)
class Artifact:
    """A finished folder and what its training reported."""

    name: str
    folder: Path
    content_key: str
    figures: dict[str, Any]


class ArtifactStore:
    """All trained models of one project folder.

    The working folder of a training is named by its content key. So a training that was killed finds its checkpoints
    again, and a training with other settings does not see them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def working_folder(self, name: str, content_key: str) -> Path:
        """Return the folder in which the training with this key works, made if need be."""
        folder = self.root / name / content_key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def finish(self, name: str, content_key: str, figures: dict[str, Any]) -> Artifact:
        """Make the folder of this key the current artifact."""
        replace_json(self.root / name / POINTER, {"content_key": content_key, "figures": figures})
        return Artifact(name, self.root / name / content_key, content_key, figures)

    def current(self, name: str) -> Artifact | None:
        """Return the current artifact, or None when none was finished."""
        stored = read_json(self.root / name / POINTER)
        if stored is None:
            return None
        return Artifact(name, self.root / name / stored["content_key"], stored["content_key"], stored["figures"])

    def all_current(self) -> list[Artifact]:
        """Return the current artifact of every training that was finished, ordered by name."""
        found = [self.current(pointer.parent.name) for pointer in sorted(self.root.glob(f"*/{POINTER}"))]
        return [artifact for artifact in found if artifact is not None]

    @contextmanager
    def training(self, name: str, waiting: Callable[[], object]) -> Iterator[None]:
        """Hold an artifact while it is trained, so that two runs never write into one folder.

        The lock ends with the process. `waiting` is called once when another process holds it.
        """
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "training.lock")
        try:
            held = lock.acquire(blocking=False)
        except Timeout:
            waiting()
            held = lock.acquire()
        with held:
            yield
