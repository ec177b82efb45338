"""A step whose worker failed is retried only where that can help, and says what happened."""

import json
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import dagster as dg
import httpx
import pytest

from acecoder_dagster.graph import building
from acecoder_dagster.graph.assets import base_policy
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.worker_process import run_worker
from acecoder_dagster.learning.errors import ProcessEndedError, is_worth_retrying
from acecoder_dagster.learning.workers import failure_file
from acecoder_dagster.learning.workers.specifications import ScorePrograms
from tests.graph.imports import materialize


@pytest.fixture
def fail(project, tmp_path, monkeypatch):
    """Runs a worker that ends with an error; returns the step's failure."""

    def run(reported: dict | None) -> dg.Failure:
        def end(*, command, **_):
            if reported is not None:
                failure_file(Path(command[3])).write_text(json.dumps(reported))
            raise RuntimeError("External execution process failed with code -9")

        monkeypatch.setattr(dg, "PipesSubprocessClient", lambda **_: SimpleNamespace(run=end))
        opened = project.open()
        step = Step("program_scores", Mock(run_id="run"), opened, {})
        task = ScorePrograms(model=tmp_path, programs=tmp_path, output=tmp_path, settings=opened.settings.scoring)
        with pytest.raises(dg.Failure) as caught:
            run_worker(step, task, [tmp_path])
        return caught.value

    return run


def test_a_worker_that_was_killed_is_started_again(fail):
    failure = fail(None)

    assert failure.allow_retries
    assert "ScorePrograms was killed before it could say why" in failure.description


@pytest.mark.parametrize("worth_retrying", [True, False])
def test_a_worker_that_said_why_is_started_again_only_if_that_can_help(fail, worth_retrying):
    failure = fail({"error": "OSError: no such model", "worth_retrying": worth_retrying})

    assert failure.allow_retries is worth_retrying
    assert failure.description == "ScorePrograms: OSError: no such model"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (httpx.ConnectError("unreachable"), True),
        (FileNotFoundError("no such model"), False),
        (ValueError("a wrong setting"), False),
        (MemoryError(), False),
        (ProcessEndedError("failed"), False),
        (ProcessEndedError("killed", was_killed=True), True),
    ],
)
def test_only_servers_out_of_reach_and_killed_processes_are_worth_another_try(error, expected):
    assert is_worth_retrying(error) is expected


@pytest.mark.parametrize(("error", "times"), [(ValueError("no chat template"), 1), (ConnectionError("gone"), 3)])
def test_a_step_that_fails_before_its_worker_is_begun_again_only_where_that_can_help(
    project, instance, monkeypatch, error, times
):
    asked = []

    def fail(_):
        asked.append(1)
        raise error

    monkeypatch.setattr(building, "WORKER_RETRIES", dg.RetryPolicy(max_retries=2))
    monkeypatch.setattr(building, "run_training", lambda stage, step, opened: fail(stage))
    result = materialize([base_policy], project, instance, None, raise_on_error=False)

    assert not result.success
    assert len(asked) == times
