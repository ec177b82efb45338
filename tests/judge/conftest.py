"""One judge per launcher, shared by the tests of a worker."""

from collections.abc import Callable, Iterator

import pytest

from acecoder_dagster.judge import Judge, SandboxSettings
from tests.requirements import DOCKER_AND_BUBBLEWRAP

LAUNCHERS = DOCKER_AND_BUBBLEWRAP
SHORT_LIMITS = {"cpu_seconds_per_test": 0.5, "wait_seconds_per_test": 1.0, "max_timeouts": 1, "memory_mb": 512}


@pytest.fixture(scope="session")
def judges() -> Iterator[Callable[[str], Judge]]:
    """A judge per launcher, started when first asked for."""
    started: dict[str, Judge] = {}

    def get(launcher: str) -> Judge:
        if launcher not in started:
            started[launcher] = Judge(SandboxSettings(launcher=launcher, workers=1, **SHORT_LIMITS))
        return started[launcher]

    yield get
    for judge in started.values():
        judge.close()


@pytest.fixture(params=LAUNCHERS)
def judge(request: pytest.FixtureRequest, judges: Callable[[str], Judge]) -> Judge:
    return judges(request.param)
