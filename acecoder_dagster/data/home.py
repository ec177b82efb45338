"""The folder in which one project keeps everything: tables, models, imports, the warehouse, Dagster's own state."""

import os
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.lake import ArtifactStore, Lake
from acecoder_dagster.data.store import Store, is_address, local_copy, store_of

HOME_VARIABLE = "ACECODER_HOME"
PROFILE_VARIABLE = "ACECODER_PROFILE"
DEFAULT_HOME = ".acecoder"
DEFAULT_PROFILE = "micro"


class RunError(AceCoderError, RuntimeError):
    """A run cannot start in this folder; the message says why and what to do."""


@dataclass(frozen=True)
class Home:
    """Places inside a project folder."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """Return the folder that ACECODER_HOME names, or `.acecoder` in the current folder.

        Where it names an object store, that is the project's local copy on this machine.

        Raises:
            StoreError: it names a store that cannot hold a project.
        """
        place = os.environ.get(HOME_VARIABLE, DEFAULT_HOME)
        return cls(local_copy(place) if is_address(place) else Path(place).resolve())

    def refreshed(self) -> "Home":
        """Return the folder in the project's present state: what other machines made is brought where they can.

        Raises:
            StoreError: the object store cannot be reached.
        """
        self.store.refresh()
        return self

    @property
    def store(self) -> Store:
        """Where the project is kept: in this folder, or in an object store of which it is a copy."""
        return store_of(self.root)

    @property
    def lake(self) -> Lake:
        """The tables."""
        return Lake(self.root / "lake", self.store)

    @property
    def artifacts(self) -> ArtifactStore:
        """The trained models."""
        return ArtifactStore(self.root / "models", self.store)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that people query."""
        return self.root / "acecoder.duckdb"

    @property
    def imports(self) -> Path:
        """Imported data sets, one folder per batch."""
        return self.root / "imports"

    def curves_page(self, model: str) -> Path:
        """Page with the learning curves of the last training of a model, those so far while it runs."""
        return self.root / "curves" / f"{model}.html"

    def inbox(self, folder: str) -> Path:
        """Folder of the setting inbox.folder: inside the project folder unless it is absolute."""
        return self.root / folder

    @property
    def answers(self) -> Path:
        """Answers of question writers. They were paid for, so no stage deletes them."""
        return self.root / "answers.sqlite"

    @property
    def benchmarks(self) -> Path:
        """Answers of models to standard benchmarks and verdicts on them, by all that they depend on.

        No stage deletes them, so that nothing is asked or judged twice.
        """
        return self.root / "benchmarks"

    @property
    def scratch(self) -> Path:
        """Files handed to worker processes; safe to delete when nothing runs."""
        return self.root / "scratch"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME: runs, events, logs."""
        return self.root / "dagster"


def profile_from_environment() -> str:
    """Return the profile that ACECODER_PROFILE names, or `micro`."""
    return os.environ.get(PROFILE_VARIABLE, DEFAULT_PROFILE)
