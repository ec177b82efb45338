"""Imports that are brought in again: batches come and go with their files."""

import json
from dataclasses import replace

import dagster as dg
import pytest

from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.graph.steps.inbox import bring_in
from acecoder_dagster.questions.decontamination import DecontaminationSettings
from acecoder_dagster.questions.importing import ImportManifest, load_import
from tests.graph.imports import question


@pytest.fixture
def bring_questions(project, instance, tmp_path):
    """Brings in a file of so many questions, one in each batch; returns what came of it."""

    def bring(count: int, **settings: object):
        file = tmp_path / "small.jsonl"
        file.write_text("".join(json.dumps(question(number)) + "\n" for number in range(count)))
        manifest = ImportManifest(name="small", questions=(str(file),), questions_per_batch=1)
        opened = project.open()
        opened = replace(opened, settings=opened.settings.model_copy(update=settings))
        return bring_in(opened, instance, manifest, lambda unit, total: lambda count: None)

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


def test_questions_of_a_named_benchmark_are_left_out(bring_questions, project, tmp_path):
    benchmark = tmp_path / "benchmark.jsonl"
    benchmark.write_text(json.dumps(question(1) | {"question_id": "B/1"}) + "\n")
    away = DecontaminationSettings(benchmarks=(str(benchmark),), words=5, execution=False)

    stored = bring_questions(2, decontamination=away)

    assert (stored.counts["question"].kept, stored.counts["question"].rejected) == (1, 1)
    (batch,) = stored.batches
    evidence = load_import(project.open().home.root, batch).rejected.filter(row_kind="question")["evidence"]
    assert "B/1" in evidence[0]


def test_a_benchmark_that_is_not_there_is_told_by_its_setting(bring_questions):
    away = DecontaminationSettings(benchmarks=("nosuch.jsonl",))

    with pytest.raises(ImportFileError, match=r"decontamination.benchmarks: .*nosuch.jsonl"):
        bring_questions(2, decontamination=away)
