"""Removing what batches come from, with all that was made of it."""

import pytest

from acecoder_dagster.data.home import RunError
from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.graph.partitions import register_batches, registered_batches
from acecoder_dagster.graph.steps.batches import LEFT_OVER, collect, list_batches, remove_batches
from acecoder_dagster.questions.seeding import SeedManifest
from tests.graph.imports import BATCH, PROGRAMS_BEFORE, QUESTIONS_BEFORE

FUNCTION = 'def double{n}(x):\n    """Return {n} times x and {n} more."""\n    return {n} * x + {n}\n\n\n'


@pytest.fixture
def opened(project, bring):
    """A project with an import, of whose questions there are rows, and with rows of a batch that nothing makes."""
    bring(QUESTIONS_BEFORE, PROGRAMS_BEFORE)
    found = project.open()
    for batch in (BATCH, "former-000"):
        found.lake.write(QUESTIONS, batch, QUESTIONS.empty(), content_key="k")
    return found


def test_every_batch_is_listed_with_what_it_comes_from(opened):
    listed = {each.name: (each.origin, each.of) for each in list_batches(opened, ["registered-000"])}

    assert listed == {
        "procedural-000": ("procedural", "procedural-000"),
        BATCH: ("imported", "small"),
        "former-000": (LEFT_OVER, "former-000"),
        "registered-000": (LEFT_OVER, "registered-000"),
    }


def test_an_import_goes_with_its_rows_and_dagster_forgets_its_batches(opened, instance):
    register_batches(instance, [BATCH, "former-000"])

    assert remove_batches(opened, instance, ["small", "former-000"]) == [BATCH, "former-000"]

    assert [each.name for each in list_batches(opened)] == ["procedural-000"]
    assert opened.lake.partitions(QUESTIONS) == []
    assert registered_batches(instance) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (BATCH, "small-000 is a batch of small: remove small"),
        ("procedural-000", "made by the profile"),
        ("nothing", "there are small, former-000"),
    ],
)
def test_what_cannot_be_removed_is_told_and_nothing_is_removed(opened, instance, name, told):
    with pytest.raises(RunError, match=told):
        remove_batches(opened, instance, ["small", name])

    assert len(opened.lake.partitions(QUESTIONS)) == 2


def test_a_collection_that_shrinks_feeds_nothing_with_batches_that_it_lost(project, instance, tmp_path):
    opened, code = project.open(), tmp_path / "library.py"
    manifest = SeedManifest(name="found", code=(str(code),), seeds_per_batch=1, likeness=1.0)
    code.write_text("".join(FUNCTION.format(n=n) for n in (2, 3)))
    before = collect(opened.home, instance, manifest)
    for batch in before.batches:
        opened.lake.write(QUESTIONS, batch, QUESTIONS.empty(), content_key="k")

    code.write_text(FUNCTION.format(n=2))
    after = collect(opened.home, instance, manifest)

    assert (len(before.batches), len(after.batches)) == (2, 1)
    assert [partition.batch for partition in opened.lake.partitions(QUESTIONS)] == list(after.batches)
