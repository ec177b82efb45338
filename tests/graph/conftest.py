from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from acecoder_dagster.graph.resources import Project
from tests.graph import imports

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


@pytest.fixture
def bring(project, tmp_path):
    """Imports files of questions and programs."""
    return partial(imports.bring, project, tmp_path)


@pytest.fixture
def refresh(project, bring, instance):
    """Imports files of questions and programs and brings their batch up to date; returns figures by stage."""

    def run(of_questions: list[dict], of_programs: list[dict]) -> dict[str, dict]:
        bring(of_questions, of_programs)
        return imports.refresh(project, instance)

    return run


@pytest.fixture(scope="session")
def ephemeral_instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as each:
        yield each
