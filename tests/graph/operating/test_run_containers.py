"""Runs in containers: what can be said of them without any. See tests/containers/test_operating.py for the rest."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.launcher import WorkerStatus

from acecoder_dagster.graph.operating.run_cancelling import SelfCancelling
from acecoder_dagster.graph.operating.run_containers import RunContainers

CONTAINERS = Path(__file__).parents[3] / "containers"


@pytest.fixture
def instance(tmp_path):
    """With the settings of containers, but for the storage."""
    settings = yaml.safe_load((CONTAINERS / "dagster" / "dagster.runs.yaml").read_text())
    del settings["storage"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def run(instance):
    @dg.job
    def nothing():
        pass

    return instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)


def test_dagster_takes_both_from_its_settings(instance):
    assert isinstance(instance, SelfCancelling)
    assert isinstance(instance.run_launcher, RunContainers)
    assert instance.should_start_background_run_thread


def test_a_run_of_a_terminal_has_no_container_and_is_not_taken_for_dead(instance, run):
    assert instance.run_launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_a_run_is_asked_to_stop_without_any_engine(instance, run, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")

    assert instance.run_launcher.terminate(run.run_id)

    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELING
    instance.report_run_canceled(instance.get_run_by_id(run.run_id))
    assert not instance.run_launcher.terminate(run.run_id)
