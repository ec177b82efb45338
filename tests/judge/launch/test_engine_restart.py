import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, SandboxSettings
from tests.judge.launch.engines import OwnEngine, own_engine
from tests.requirements import needs

pytestmark = needs("docker", "dockerd", "unshare", "root")

QUESTION = QuestionTests("q", "f", "", ("assert f(1) == 2", "assert sorted(f([2, 1])) == [1, 2]"))
PROGRAM = "import time\ndef f(x):\n    time.sleep(0.02)\n    return x + 1 if x == 1 else x  # {}"
JOBS = [ProgramJob(QUESTION, str(i), PROGRAM.format(i)) for i in range(80)]


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine() as engine:
        yield engine


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_engine_that_is_restarted_costs_no_verdict(engine: OwnEngine, number: signal.Signals, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", engine.address)
    with Judge(SandboxSettings(launcher="docker", workers=2)) as judge:
        verdicts = []
        for verdict in judge.judge(JOBS):
            verdicts.append(verdict)
            if len(verdicts) == 10:
                assert engine.containers()
                engine.stop(number)
                engine.start()
    assert Counter(verdict.program_id for verdict in verdicts) == Counter(job.program_id for job in JOBS)
    assert {str(verdict.verdict) for verdict in verdicts} == {"passed"}
    assert eventually_without_containers(engine)


def eventually_without_containers(engine: OwnEngine) -> bool:
    for _ in range(100):
        if not engine.containers():
            return True
        time.sleep(0.1)
    return False
