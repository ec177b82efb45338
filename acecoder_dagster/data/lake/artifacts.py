"""Folders that trainings write: one for each content key, and a file that names the finished one."""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from acecoder_dagster.data.store import LocalStore, Store
from acecoder_dagster.files import read_json
from acecoder_dagster.files.model_files import model_files

POINTER = "current.json"

MADE_FROM = ".made_from.json"
"""Ending of the file beside a folder that says which rows and models it was made from."""


@dataclass(frozen=True)
class Artifact:
    """A finished folder and what its training reported.

    Attributes:
        name: the training.
        folder: the folder.
        content_key: hash of everything that the training depended on.
        figures: what it reported.
        settings: the settings among that.
        finished_at: when, as ISO 8601 in UTC; empty for one from before that was stored.
    """

    name: str
    folder: Path
    content_key: str
    figures: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    finished_at: str = ""


class ArtifactStore:
    """All trained models of one project folder.

    The working folder of a training is named by its content key. So a training that was killed finds its checkpoints
    again, and a training with other settings does not see them.

    Args:
        root: the folder of the models.
        store: where the project is kept.
    """

    def __init__(self, root: Path, store: Store | None = None) -> None:
        self.root = root
        self.store = store or LocalStore()

    def working_folder(self, name: str, content_key: str) -> Path:
        """Return the folder in which the training with this key works, made if need be."""
        folder = self.root / name / content_key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def finish(
        self,
        name: str,
        content_key: str,
        figures: dict[str, Any],
        settings: dict[str, Any] | None = None,
        made_from: Iterable[Path] = (),
    ) -> Artifact:
        """Make the folder of this key the current artifact, with the files of the model as they are now.

        Args:
            name: the training.
            content_key: hash of everything that it depended on.
            figures: what it reported.
            settings: the settings that it depended on.
            made_from: files of rows and folders of models that it was made from: while it is kept, they are.
        """
        folder = self.root / name / content_key
        self.store.save(folder, (path for path in sorted(folder.rglob("*")) if path.is_file()))
        self.store.commit(
            self._made_from(name, content_key), {"paths": [os.path.relpath(path, self.root) for path in made_from]}
        )
        artifact = Artifact(
            name, folder, content_key, figures, settings or {}, datetime.now(UTC).isoformat(timespec="seconds")
        )
        described = {field: value for field, value in asdict(artifact).items() if field not in {"name", "folder"}}
        self.store.commit(self.root / name / POINTER, described | {"files": model_files(folder)})
        return artifact

    def current(self, name: str) -> Artifact | None:
        """Return the current artifact; None where none was finished, or files of it were deleted or changed since.

        Where other machines work on the project, its folder may not be here: see `fetched`.
        """
        stored = read_json(self.root / name / POINTER)
        if stored is None:
            return None
        folder, files = self.root / name / stored["content_key"], stored.pop("files", None)
        if not self.store.shared and not _is_whole(folder, files):
            return None
        return Artifact(name, folder, **stored)

    def fetched(self, artifact: Artifact) -> Artifact:
        """Return an artifact whose folder is here, brought from the store where it was not."""
        stored = read_json(self.root / artifact.name / POINTER)
        if self.store.shared and not _is_whole(artifact.folder, stored["files"] if stored else None):
            self.store.fetch(artifact.folder)
        return artifact

    def versions(self) -> list[Path]:
        """Return the folders of all trainings, finished or not, the current ones included."""
        return [path for path in sorted(self.root.glob("*/*")) if path.is_dir()]

    def made_from(self, folder: Path) -> list[Path]:
        """Return the files and folders that a training's folder was made from."""
        stored = read_json(self._made_from(folder.parent.name, folder.name))
        return [(self.root / path).resolve() for path in stored["paths"]] if stored else []

    def remove(self, folder: Path) -> None:
        """Remove the folder of a training that is not the current one."""
        self.store.remove([folder])
        self.store.withdraw(self._made_from(folder.parent.name, folder.name))

    def _made_from(self, name: str, content_key: str) -> Path:
        return self.root / name / f"{content_key}{MADE_FROM}"

    def all_current(self) -> list[Artifact]:
        """Return the current artifact of every training that was finished, ordered by name."""
        found = [self.current(pointer.parent.name) for pointer in sorted(self.root.glob(f"*/{POINTER}"))]
        return [artifact for artifact in found if artifact is not None]

    def training(self, name: str, waiting: Callable[[], object]) -> AbstractContextManager[None]:
        """Hold an artifact while it is trained, so that two runs never write into one folder.

        The lock ends with the process. `waiting` is called once when another process holds it.
        """
        return self.store.hold(self.root / name / "training", waiting)


def _is_whole(folder: Path, files: dict[str, str] | None) -> bool:
    """Return whether the files of a model are as they were when it was finished."""
    return folder.is_dir() and (files is None or files == model_files(folder))
