"""Projects in which everything is up to date."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.graph.refresh.projects import EVERYTHING_OF_OURS, copied, make_everything, small


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Callable[[str], Path]:
    """Returns the folder of a project in which everything is up to date under some settings, made once."""
    known: dict[str, Path] = {}

    def make(settings: str) -> Path:
        if settings not in known:
            folder = tmp_path_factory.mktemp("made")
            make_everything(small(folder, settings))
            known[settings] = folder
        return known[settings]

    return make


@pytest.fixture
def changed(made, tmp_path) -> Callable[..., Path]:
    """Returns a copy of a project in which everything is up to date, to be changed."""
    return lambda settings=EVERYTHING_OF_OURS: copied(made(settings), tmp_path / "copy")
