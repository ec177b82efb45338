"""Nights one after the other, by Dagster's own sensors, schedules and queue: what is there after each."""

import pytest

from benchmarks.nights.simulation import simulate
from benchmarks.nights.world import WEEK


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """Six nights; the third is killed with everything that works in it, and the fifth meets a broken file."""
    with pytest.MonkeyPatch.context() as patched:
        for variable in ("DAGSTER_HOME", "ACECODER_HOME", "ACECODER_PROFILE"):
            patched.setenv(variable, "")
        return list(simulate(tmp_path_factory.mktemp("nights"), WEEK))


def test_after_each_night_the_rows_are_those_of_the_files(nights):
    assert [night.counted for night in nights] == [night.expected for night in nights]


def test_no_night_executes_more_than_what_is_new_or_changed(nights):
    assert all(night.executed <= night.executable for night in nights)
    assert [night.executed for night in nights] == [12, 2, 0, 6, 0, 0]


def test_the_history_has_every_night_in_which_something_was_made_anew(nights):
    assert [night.batches for night in nights] == [2, 1, 0, 1, 1, 0]


def test_old_versions_go(nights):
    # The current version, and one before it.
    assert max(night.versions for night in nights) <= 3
    assert nights[-1].versions <= 2
