from pathlib import Path

import dagster as dg
import pytest

from acecoder_dagster.orchestration.resources import Project

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 1
questions_per_batch = 12
[micro]
tests_per_question = 6
[sandbox]
launcher = "bubblewrap"
workers = 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project folder of a few procedural questions whose programs run under bubblewrap."""
    profile = tmp_path / "tiny.toml"
    profile.write_text(PROFILE)
    return Project(root=str(tmp_path / "home"), profile=str(profile))


@pytest.fixture(scope="session")
def ephemeral_instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as each:
        yield each
