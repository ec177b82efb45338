"""What a node answers, and refuses, without any cluster."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from acecoder_dagster.judge import OtherSandboxError, QuestionTests, SandboxSettings
from acecoder_dagster.judge.cluster.node import NodeWorker
from acecoder_dagster.judge.cluster.travelling import Programs
from acecoder_dagster.judge.run.workers import LocalWorkers

SETTINGS = SandboxSettings(launcher="bubblewrap", set="plain", workers=4)
BATCH = pickle.dumps([Programs(QuestionTests("q", "f", "", ("assert f() == 1",)), ("def f(): return 1",), True)])


def test_a_batch_is_refused_where_its_verdicts_could_be_others():
    worker = NodeWorker(SETTINGS, None, LocalWorkers)
    here = worker.describe()

    for other in (
        replace(here, code="0"),
        replace(here, identity=("bubblewrap", "0")),
        replace(here, launcher="docker"),
    ):
        with pytest.raises(OtherSandboxError, match="others"):
            worker.work(other, BATCH)
    ((verdict,),) = pickle.loads(worker.work(here, BATCH).packed)
    assert verdict.verdict == "passed"


def test_requirements_of_the_user_travel_to_the_node():
    seen: list[SandboxSettings] = []

    def open_workers(settings: SandboxSettings) -> LocalWorkers:
        seen.append(settings)
        return LocalWorkers(settings.model_copy(update={"requirements": None}))

    asked = SETTINGS.model_copy(update={"requirements": Path("/only/where/it/was/asked/requirements.txt")})
    worker = NodeWorker(asked, "six==1.17.0\n", open_workers)
    worker.describe()

    assert seen[0].requirements.read_text() == "six==1.17.0\n"
    assert seen[0].workers == 1
