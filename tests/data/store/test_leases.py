"""What one machine holds others wait for, as long as the holder lives."""

import multiprocessing
from pathlib import Path

import pytest

from acecoder_dagster.data.store import StaleError, leases
from acecoder_dagster.data.tables import HARD_QUESTIONS
from tests.object_stores import home_on
from tests.rows import rows

SPAWN = multiprocessing.get_context("spawn")


def hold_batch(address: str, cache: Path, held, release) -> None:
    with home_on(address, cache).lake.writing(HARD_QUESTIONS, ["b1"], lambda: None):
        held.set()
        release.wait(60)


def hold_training(address: str, cache: Path, held, release) -> None:
    with home_on(address, cache).artifacts.training("model", lambda: None):
        held.set()
        release.wait(60)


@pytest.fixture
def other(address, tmp_path):
    """Starts a process with a local copy of its own that holds something until it is released or killed."""
    started = []

    def start(hold):
        held, release = SPAWN.Event(), SPAWN.Event()
        process = SPAWN.Process(target=hold, args=(address, tmp_path / "holder", held, release))
        process.start()
        started.append(process)
        assert held.wait(60)
        return process, release

    yield start
    for process in started:
        process.kill()
        process.join()


@pytest.mark.parametrize("hold", [hold_batch, hold_training])
def test_what_another_machine_holds_is_waited_for(machine, other, hold):
    _, release = other(hold)
    home, told = machine("one"), []

    def waiting():
        told.append(1)
        release.set()

    with home.lake.writing(HARD_QUESTIONS, ["b0", "b1"], waiting), home.artifacts.training("model", waiting):
        pass
    assert told == [1]


def test_other_batches_are_not_waited_for(machine, other):
    other(hold_batch)

    with machine("one").lake.writing(HARD_QUESTIONS, ["b0", "b2"], lambda: pytest.fail("waited")):
        pass


def test_what_a_killed_process_held_is_free_once_it_was_silent_long_enough(machine, other, monkeypatch):
    process, _ = other(hold_batch)
    process.kill()
    process.join()
    monkeypatch.setattr(leases, "EXPIRES_SECONDS", 2.0)

    with machine("one").lake.writing(HARD_QUESTIONS, ["b1"], lambda: None):
        pass


def test_what_was_held_and_freed_is_held_again(machine):
    home = machine("one")
    for _ in range(2):
        with home.lake.writing(HARD_QUESTIONS, ["b1"], lambda: pytest.fail("waited")):
            pass


def test_a_holder_that_was_taken_for_dead_cannot_undo_what_came_after_it(machine, monkeypatch):
    slow, fast = machine("slow"), machine("fast")
    made = rows(HARD_QUESTIONS, {"question_id": "q"})
    # Any silence is too long.
    monkeypatch.setattr(leases, "EXPIRES_SECONDS", -60.0)

    with slow.lake.writing(HARD_QUESTIONS, ["b1"], lambda: None):
        with fast.lake.writing(HARD_QUESTIONS, ["b1"], lambda: None):
            fast.lake.write(HARD_QUESTIONS, "b1", made, content_key="fast")
        slow.refreshed()
        with pytest.raises(StaleError):
            slow.lake.write(HARD_QUESTIONS, "b1", made, content_key="slow")

    assert slow.lake.current(HARD_QUESTIONS, "b1").content_key == "fast"
