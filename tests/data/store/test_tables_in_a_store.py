"""Tables of a project in a bucket: whole for all machines at any moment, and never taken back by an older state."""

import multiprocessing
import time
from pathlib import Path

import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.retention import GRACE_SECONDS, RetentionSettings, removable, remove
from acecoder_dagster.data.store import StaleError
from acecoder_dagster.data.store.bucket import Bucket
from acecoder_dagster.data.tables import HARD_QUESTIONS, QUESTIONS
from tests.object_stores import home_on
from tests.rows import rows

SPAWN = multiprocessing.get_context("spawn")


def write(home: Home, question: str, batch: str = "b1") -> None:
    home.lake.write(QUESTIONS, batch, rows(QUESTIONS, {"question_id": question}), content_key=f"made from {question}")


def written(home: Home, batch: str = "b1") -> list[str] | None:
    current = home.refreshed().lake.current(QUESTIONS, batch)
    return None if current is None else home.lake.read(QUESTIONS, [batch])["question_id"].to_list()


def test_what_one_machine_writes_another_reads(machine):
    write(machine("one"), "q1")

    other = machine("other")

    assert written(other) == ["q1"]
    write(other, "q2")
    assert written(machine("one")) == ["q2"]


def test_a_reader_keeps_what_it_has_open_while_another_machine_writes(machine):
    write(machine("one"), "q1")
    reader = machine("other")
    held = reader.lake.current(QUESTIONS, "b1")

    write(machine("one"), "q2")
    reader.refreshed()

    assert held.rows_file.is_file()
    assert written(reader) == ["q2"]


def test_a_batch_that_one_machine_withdraws_is_gone_on_the_others(machine):
    write(machine("one"), "q1")
    other = machine("other")

    machine("one").lake.withdraw(QUESTIONS, "b1")

    assert written(other) is None
    write(other, "q2")
    assert written(machine("one")) == ["q2"]


def test_an_older_state_is_not_put_in_the_place_of_a_newer_one(machine):
    slow, fast = machine("slow"), machine("fast")
    write(fast, "of the fast")

    with pytest.raises(StaleError, match="run the same command again"):
        write(slow, "of the slow")

    assert written(slow) == ["of the fast"]
    write(slow, "of the slow, again")
    assert written(fast) == ["of the slow, again"]


def test_the_same_made_twice_is_no_conflict(machine):
    one, other = machine("one"), machine("other")

    write(one, "q1")
    write(other, "q1")

    assert written(one) == written(other) == ["q1"]


def write_batches(address: str, cache: Path, number: int) -> None:
    home = home_on(address, cache)
    for batch in range(3):
        with home.lake.writing(QUESTIONS, [f"shared-{batch}"], lambda: None):
            before = home.lake.current(QUESTIONS, f"shared-{batch}")
            of_before = [] if before is None else home.lake.read(QUESTIONS, [before.batch])["question_id"].to_list()
            added = rows(QUESTIONS, *({"question_id": each} for each in [*of_before, f"by {number}"]))
            home.lake.write(QUESTIONS, f"shared-{batch}", added, content_key=f"{of_before} and {number}")


def test_processes_that_write_the_same_batches_lose_nothing_of_each_other(address, tmp_path):
    processes = [SPAWN.Process(target=write_batches, args=(address, tmp_path / f"{n}", n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)

    assert [process.exitcode for process in processes] == [0, 0]
    home = home_on(address, tmp_path / "reader")
    assert [sorted(written(home, f"shared-{n}")) for n in range(3)] == [["by 0", "by 1"]] * 3


def test_old_versions_go_whoever_made_them(machine):
    for number, name in enumerate(("one", "other", "one", "other")):
        write(machine(name), f"q{number}")
    cleaner, later = machine("cleaner"), time.time() + 10 * GRACE_SECONDS

    remove(cleaner, removable(cleaner, RetentionSettings(versions=1, models=1), now=later))

    left = [file for file in cleaner.store.files(cleaner.lake.root) if "rejected" not in file.path.name]
    assert len(left) == 2
    assert written(machine("new")) == ["q3"]


class KilledError(BaseException):
    """Ends a process as `kill -9` does, as far as the store and the local copy can tell."""


def die_at(request: int, monkeypatch) -> None:
    """Let a process die as it is to make the given request to the store."""
    made = 0

    def dying(do):
        def request_or_die(*given, **named):
            nonlocal made
            made += 1
            if made >= request:
                raise KilledError
            return do(*given, **named)

        return request_or_die

    for name in ("read", "put", "send", "bring", "list"):
        monkeypatch.setattr(Bucket, name, dying(getattr(Bucket, name)))


def test_a_writer_that_is_killed_at_any_request_leaves_the_old_version_or_the_new_one(machine, monkeypatch):
    reader, seen = machine("reader"), []
    for request in range(1, 20):
        write(reader.refreshed(), "old")
        writer = machine("writer")
        with monkeypatch.context() as dying:
            die_at(request, dying)
            try:
                write(writer, "new")
                ended = True
            except KilledError:
                ended = False
        seen.append(written(reader))
        assert seen[-1] in (["old"], ["new"])
        assert written(writer) == seen[-1]
        if ended:
            break
    assert ended
    assert ["old"] in seen
    assert seen[-1] == ["new"]


def test_a_table_without_rows_in_the_store_is_empty(machine):
    assert machine("one").lake.read(HARD_QUESTIONS).is_empty()
