"""Processes that train one model together."""

import os
import signal
import time

import pytest
import torch
from torch import distributed

from acecoder_dagster.learning.errors import ProcessEndedError
from acecoder_dagster.learning.training.team import Team, start_team


class StopError(Exception):
    """A training is interrupted."""


def share_sums(team: Team, rows: list[int]) -> list[int]:
    """Every process adds its share of the rows; all learn every sum."""
    return team.gather(sum(team.share(rows)))


def tell_places(team: Team) -> list[tuple[str, str, int]]:
    """All learn the variables of a launcher in every process, and what the first one computes."""
    place = os.environ["RANK"], os.environ["WORLD_SIZE"], team.from_first(lambda: 40 + team.rank)
    return team.gather(place)


def fail(team: Team) -> None:
    raise ValueError(f"member {team.rank} cannot read its rows")


def be_killed(team: Team) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work_for_long(team: Team) -> None:
    distributed.barrier()
    time.sleep(600)


@pytest.mark.parametrize("size", [1, 3])
def test_a_team_shares_the_rows_of_a_step(size: int) -> None:
    rows = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
    with start_team(size, share_sums, rows) as team:
        assert (team.rank, team.size) == (0, size)
        sums = share_sums(team, rows)
    assert sums == ([1_111_111] if size == 1 else [1_001_001, 10_010, 100_100])


def test_every_process_finds_its_place_where_accelerate_looks_for_it_and_what_the_first_one_says() -> None:
    before = dict(os.environ)
    with start_team(2, tell_places) as team:
        places = tell_places(team)
    assert places == [("0", "2", 40), ("1", "2", 40)]
    assert os.environ.get("RANK") == before.get("RANK")
    assert os.environ.get("MASTER_PORT") == before.get("MASTER_PORT")


def test_an_error_of_another_process_is_the_error_of_the_training() -> None:
    with (
        pytest.raises(ProcessEndedError, match=r"Process 2 of 2 failed: ValueError: member 1 cannot read its rows"),
        start_team(2, fail) as team,
    ):
        team.gather(0)


def test_a_process_that_was_killed_is_told_from_one_that_failed() -> None:
    with (
        pytest.raises(ProcessEndedError, match=r"Process 2 of 2 was ended by SIGKILL.*goes on from its last") as raised,
        start_team(2, be_killed) as team,
    ):
        team.gather(0)
    assert raised.value.was_killed


def test_the_other_processes_end_with_the_training_that_started_them() -> None:
    helpers = []

    def train() -> None:
        with start_team(2, work_for_long):
            distributed.barrier()
            helpers.extend(torch.multiprocessing.active_children())
            raise StopError

    with pytest.raises(StopError):
        train()
    assert [helper.is_alive() for helper in helpers] == [False]
