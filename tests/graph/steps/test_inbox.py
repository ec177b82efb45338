"""Imports that are brought in again: batches come and go with their files."""

import json

import dagster as dg
import pytest

from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.graph.steps.inbox import bring_in
from acecoder_dagster.questions.importing import ImportManifest
from tests.graph.imports import question


@pytest.fixture
def bring_questions(project, instance, tmp_path):
    """Brings in a file of so many questions, one in each batch; returns what came of it."""

    def bring(count: int):
        file = tmp_path / "small.jsonl"
        file.write_text("".join(json.dumps(question(number)) + "\n" for number in range(count)))
        manifest = ImportManifest(name="small", questions=(str(file),), questions_per_batch=1)
        return bring_in(project.open().home, instance, manifest)

    return bring


def registered(instance: dg.DagsterInstance) -> list[str]:
    return sorted(instance.get_dynamic_partitions("seed_batch"))


def test_batches_of_a_new_import_are_registered(bring_questions, instance):
    assert not bring_questions(2).unchanged
    assert registered(instance) == ["small-000", "small-001"]
    assert bring_questions(2).unchanged


def test_batches_that_an_import_no_longer_has_leave_the_tables(bring_questions, instance, project):
    bring_questions(2)
    for batch in ("small-000", "small-001", "other-000"):
        project.open().lake.write(QUESTIONS, batch, QUESTIONS.empty(), content_key="k")

    bring_questions(1)

    assert registered(instance) == ["small-000"]
    assert [partition.batch for partition in project.open().lake.partitions(QUESTIONS)] == ["other-000", "small-000"]
