"""Two processes that would compute the same thing: the second waits until the first is done, or dead."""

import multiprocessing
import time
from pathlib import Path

import pytest

from acecoder_dagster.data.lake import ArtifactStore, Lake
from acecoder_dagster.data.tables import HARD_QUESTIONS

SPAWN = multiprocessing.get_context("spawn")


def hold_batches(root: Path, batches: list[str], held, release) -> None:
    with Lake(root).writing(HARD_QUESTIONS, batches, lambda: None):
        held.set()
        release.wait(60)


def hold_training(root: Path, _batches: list[str], held, release) -> None:
    with ArtifactStore(root).training("model", lambda: None):
        held.set()
        release.wait(60)


@pytest.fixture
def other(tmp_path):
    """Starts a process that holds something until it is released or killed."""
    started = []

    def start(hold, batches=()):
        held, release = SPAWN.Event(), SPAWN.Event()
        process = SPAWN.Process(target=hold, args=(tmp_path, list(batches), held, release))
        process.start()
        started.append(process)
        assert held.wait(60)
        return process, release

    yield start
    for process in started:
        process.kill()
        process.join()


def test_a_batch_that_another_process_computes_is_waited_for(tmp_path, other):
    _, release = other(hold_batches, ["b1", "b2"])
    told = []

    def waiting():
        told.append(time.monotonic())
        release.set()

    with Lake(tmp_path).writing(HARD_QUESTIONS, ["b0", "b2", "b3"], waiting):
        pass
    assert len(told) == 1


def test_other_batches_are_not_waited_for(tmp_path, other):
    other(hold_batches, ["b1"])

    with Lake(tmp_path).writing(HARD_QUESTIONS, ["b0", "b2"], lambda: pytest.fail("waited")):
        pass


@pytest.mark.parametrize("hold", [hold_batches, hold_training])
def test_what_a_killed_process_held_is_free(tmp_path, other, hold):
    process, _ = other(hold, ["b1"])
    process.kill()
    process.join()

    with (
        Lake(tmp_path).writing(HARD_QUESTIONS, ["b1"], lambda: pytest.fail("waited")),
        ArtifactStore(tmp_path).training("model", lambda: pytest.fail("waited")),
    ):
        pass


def test_a_training_that_another_process_runs_is_waited_for(tmp_path, other):
    _, release = other(hold_training)
    told = []

    def waiting():
        told.append(time.monotonic())
        release.set()

    with ArtifactStore(tmp_path).training("model", waiting):
        pass
    assert len(told) == 1
