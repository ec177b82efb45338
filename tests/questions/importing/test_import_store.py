"""Imports on disk: written whole, found again, replaced whole."""

from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from acecoder_dagster.data.store import LocalStore
from acecoder_dagster.files import ImportFileError
from acecoder_dagster.questions.importing import RowCount, imported_batches, load_import, read_import, store_import
from acecoder_dagster.questions.importing import store as store_module
from acecoder_dagster.questions.importing.imported import IMPORTED_TABLES
from tests.questions.importing.import_helpers import manifest


def upstream_ids(home: Path) -> dict[str, list[str]]:
    return {batch: load_import(home, batch).questions["upstream_id"].to_list() for batch in imported_batches(home)}


def test_a_stored_import_is_loaded_again_batch_by_batch(write, tmp_path: Path, question_rows, program_rows):
    programs = (write("p.jsonl", program_rows),)
    wanted = manifest(write("q.jsonl", question_rows), programs=programs, questions_per_batch=1)
    stored = store_import(tmp_path, wanted)
    assert not stored.unchanged
    assert list(stored.batches) == list(imported_batches(tmp_path)) == ["made-000", "made-001"]
    whole = read_import(wanted)
    parts = [load_import(tmp_path, batch) for batch in stored.batches]
    for name, table in IMPORTED_TABLES.items():
        together = pl.concat([getattr(part, name) for part in parts])
        assert together.equals(getattr(whole, name))
        assert together.schema == table.schema
    assert stored.counts == whole.counts()
    assert stored.batches["made-001"]["program"].kept == 1


def test_importing_the_same_files_again_does_nothing_and_says_so(write, tmp_path: Path, question_rows, monkeypatch):
    wanted = manifest(write("q.jsonl", question_rows))
    first = store_import(tmp_path, wanted)
    monkeypatch.setattr(store_module, "read_import", lambda _: pytest.fail("the files were read again"))
    again = store_import(tmp_path, wanted)
    assert again.unchanged
    assert (again.content_key, again.counts, again.batches) == (first.content_key, first.counts, first.batches)


def test_changed_files_replace_all_batches_of_the_import(write, tmp_path: Path, question_rows):
    home = tmp_path / "home"
    store_import(home, manifest(write("q.jsonl", question_rows), questions_per_batch=1))
    changed = store_import(home, manifest(write("q.jsonl", question_rows[1:]), questions_per_batch=1))
    assert not changed.unchanged
    assert upstream_ids(home) == {"made-000": ["Q/neg"]}


def test_other_settings_are_another_version(write, tmp_path: Path, question_rows):
    file = write("q.jsonl", question_rows)
    first = store_import(tmp_path, manifest(file))
    second = store_import(tmp_path, manifest(file, split="hash"))
    assert first.content_key != second.content_key
    assert not second.unchanged


def test_without_programs_the_same_questions_come_and_none_of_the_programs(
    write, tmp_path: Path, question_rows, program_rows
):
    programs = (write("p.jsonl", program_rows),)
    file = write("q.jsonl", question_rows)
    whole = store_import(tmp_path / "whole", manifest(file, programs=programs))
    bare = store_import(tmp_path / "bare", manifest(file, with_programs=False))
    assert whole.counts["program"].kept
    assert bare.counts["program"] == RowCount(0, 0, 0)
    assert bare.counts["question"] == whole.counts["question"]
    assert bare.counts["test"] == whole.counts["test"]


def test_an_import_from_before_there_was_the_choice_is_not_read_again(write, question_rows):
    assert "with_programs" not in manifest(write("q.jsonl", question_rows)).decides()


def test_programs_that_are_named_and_left_out_are_refused(write, question_rows, program_rows):
    with pytest.raises(ValidationError, match="programs are named but with_programs is false"):
        manifest(write("q.jsonl", question_rows), programs=(write("p.jsonl", program_rows),), with_programs=False)


def test_a_failed_import_leaves_the_earlier_one(write, tmp_path: Path, question_rows):
    home = tmp_path / "home"
    file = write("q.jsonl", question_rows)
    store_import(home, manifest(file))
    Path(file).write_text("{\n")
    with pytest.raises(ImportFileError):
        store_import(home, manifest(file))
    assert upstream_ids(home) == {"made-000": ["Q/add", "Q/neg"]}


def test_a_crash_before_the_manifest_leaves_the_earlier_import_and_the_next_attempt_finishes(
    write, tmp_path: Path, question_rows, monkeypatch
):
    home = tmp_path / "home"
    store_import(home, manifest(write("q.jsonl", question_rows)))
    changed = manifest(write("q.jsonl", question_rows[:1]))

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "commit", crash)
        with pytest.raises(KeyboardInterrupt):
            store_import(home, changed)
    assert upstream_ids(home) == {"made-000": ["Q/add", "Q/neg"]}
    assert not store_import(home, changed).unchanged
    assert upstream_ids(home) == {"made-000": ["Q/add"]}


def test_old_versions_do_not_pile_up(write, tmp_path: Path, question_rows):
    home = tmp_path / "home"
    for share in (0.1, 0.2, 0.3, 0.4):
        store_import(home, manifest(write("q.jsonl", question_rows), test_share=share))
    assert len([path for path in (home / "imports" / "made").iterdir() if path.is_dir()]) == 2


def test_imports_lie_side_by_side(write, tmp_path: Path, question_rows):
    home = tmp_path / "home"
    store_import(home, manifest(write("q.jsonl", question_rows)))
    store_import(home, manifest(write("q.jsonl", question_rows)).model_copy(update={"name": "made-000"}))
    assert list(imported_batches(home)) == ["made-000", "made-000-000"]
    assert load_import(home, "made-000-000").questions.height == 2


def test_a_batch_that_was_never_imported_is_named_in_the_error(write, tmp_path: Path, question_rows):
    store_import(tmp_path, manifest(write("q.jsonl", question_rows)))
    with pytest.raises(KeyError, match="no import has a batch 'made-007'; imported are made-000"):
        load_import(tmp_path, "made-007")
