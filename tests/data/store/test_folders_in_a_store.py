"""Folders that are saved as a whole: models, work that goes on, and databases."""

import json
import sqlite3

import pytest

from acecoder_dagster.data.store import object_store


def finish(home, weights: str) -> None:
    store = home.artifacts
    with store.training("model", lambda: None):
        folder = store.working_folder("model", "key")
        (folder / "model.safetensors").write_text(weights)
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "logs" / "curve.jsonl").write_text("{}\n")
        store.finish("model", "key", {"loss": 1.0}, made_from=[home.root / "lake" / "rows.parquet"])


def test_a_model_that_one_machine_trained_another_uses(machine):
    finish(machine("one"), "weights")

    other = machine("other")
    artifact = other.artifacts.current("model")
    assert artifact.figures == {"loss": 1.0}
    assert not artifact.folder.exists()

    folder = other.artifacts.fetched(artifact).folder
    assert (folder / "model.safetensors").read_text() == "weights"
    assert (folder / "logs" / "curve.jsonl").is_file()
    assert other.artifacts.made_from(folder) == [other.root / "lake" / "rows.parquet"]


def test_files_of_a_model_that_were_spoiled_here_are_brought_again(machine):
    home = machine("one")
    finish(home, "weights")
    artifact = home.artifacts.current("model")
    (artifact.folder / "model.safetensors").write_text("spoiled")

    home.artifacts.fetched(artifact)

    assert (artifact.folder / "model.safetensors").read_text() == "weights"


def test_a_model_that_is_removed_is_gone_for_all(machine):
    home = machine("one")
    finish(home, "weights")
    folder = home.artifacts.current("model").folder

    home.artifacts.remove(folder)
    other = machine("other")
    other.store.fetch(other.root / folder.relative_to(home.root))

    assert not (other.root / folder.relative_to(home.root)).exists()


def work(home, name: str = "work"):
    return home.store.working(home.root / name, lambda: None)


def test_work_that_one_machine_left_another_goes_on_with(machine):
    one, other = machine("one"), machine("other")
    with work(one):
        (one.root / "work" / "in").mkdir(parents=True)
        (one.root / "work" / "in" / "step-1").write_text("1")
        (one.root / "work" / "in" / "half.tmp").write_text("?")

    with work(other):
        assert [path.name for path in (other.root / "work").rglob("*") if path.is_file()] == ["step-1"]
        (other.root / "work" / "in" / "step-1").unlink()
        (other.root / "work" / "in" / "step-2").write_text("2")
    with work(one):
        assert [path.name for path in (one.root / "work").rglob("*") if path.is_file()] == ["step-2"]


def test_what_a_killed_process_wrote_here_stays_where_nobody_went_on_meanwhile(machine):
    home = machine("one")
    with work(home):
        (home.root / "work").mkdir()
        (home.root / "work" / "saved").write_text("1")
    (home.root / "work" / "not saved yet").write_text("2")

    with work(home):
        assert {path.name for path in (home.root / "work").iterdir()} == {"saved", "not saved yet"}


def test_work_is_saved_while_it_goes_on(machine, monkeypatch):
    monkeypatch.setattr(object_store, "SAVE_SECONDS", 0.05)
    one, other = machine("one"), machine("other")
    with work(one):
        (one.root / "work").mkdir()
        (one.root / "work" / "step-1").write_text("1")
        while not (other.root / "work" / "step-1").exists():
            other.store.fetch(other.root / "work")


def test_a_database_is_saved_with_what_is_only_in_its_log_yet(machine):
    one, other = machine("one"), machine("other")
    file = one.root / "answers.sqlite"
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    with one.store.working(file, lambda: None):
        database.execute("CREATE TABLE answers (text)")
        database.execute("INSERT INTO answers VALUES ('paid for')")
    (other.root / "answers.sqlite-wal").write_text("the log of a killed process")

    copy = other.root / "answers.sqlite"
    with other.store.working(copy, lambda: None):
        assert sqlite3.connect(copy).execute("SELECT text FROM answers").fetchall() == [("paid for",)]
    database.close()


def test_a_database_that_is_locked_is_saved_later(machine):
    home = machine("one")
    file = home.root / "verdicts.judged"
    with home.store.working(file, lambda: None):
        database = sqlite3.connect(file, isolation_level=None)
        database.executescript("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE verdicts (v)")
        with pytest.raises(object_store.InUseError):
            home.store.save(file, [file])
        database.close()

    other = machine("other")
    other.store.fetch(other.root / "verdicts.judged")
    assert sqlite3.connect(other.root / "verdicts.judged").execute("SELECT count(*) FROM verdicts").fetchone() == (0,)


def test_a_pointer_is_read_as_it_was_committed(machine):
    value = {"name": "ä", "numbers": [1, 2.5, None]}
    one = machine("one")
    one.store.commit(one.root / "settings.json", value)

    assert json.loads((machine("other").root / "settings.json").read_text()) == value
