"""Models trained and sampled on nodes of a cluster that share nothing with this machine but the object store."""

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
from ray.cluster_utils import Cluster

from acecoder_dagster.data.tables import SAMPLED_PROGRAMS
from acecoder_dagster.graph import building
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import Project
from tests.graph.imports import BATCH, QUESTIONS_BEFORE, bring, materialize
from tests.judge.cluster.clusters import add_node, cluster_of
from tests.object_stores import address, machine, s3_server, saved_checkpoints  # noqa: F401 - fixtures

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[sandbox]
launcher = "bubblewrap"
[base_policy]
corpus_programs = {programs}
[base_policy.scratch]
hidden_size = 64
layers = 2
attention_heads = 2
feed_forward_size = 128
[base_policy.supervised]
processes = 1
checkpoint_every = 100
[sampling]
programs_per_question = 2
[cluster]
address = "{cluster}"
runs_models = true
sampling_jobs = 2
"""

RESTARTED = dg.DagsterEventType.STEP_RESTARTED

PROGRESS = re.compile(r"^([\d,]+) of [\d,]+  loss")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with cluster_of(nodes=0, takes_jobs=True) as started:
        yield started


@pytest.fixture
def project(cluster, machine, tmp_path, monkeypatch):  # noqa: F811
    """Returns the project as this machine sees it; models are run on the nodes of the cluster."""
    monkeypatch.setattr(building, "WORKER_RETRIES", dg.RetryPolicy(max_retries=2))

    def project(programs: int) -> Project:
        profile = tmp_path / "cluster.toml"
        profile.write_text(PROFILE.format(programs=programs, cluster=cluster.address))
        return Project(root=str(machine("this").root), profile=str(profile))

    return project


@pytest.fixture
def node(cluster, tmp_path):
    """Adds a node with a folder of its own for local copies of projects."""
    nodes = []

    def add(name: str):
        nodes.append(add_node(cluster, env_vars={"ACECODER_CACHE": str(tmp_path / name)}))
        return nodes[-1]

    yield add
    for each in nodes:
        if each in cluster.worker_nodes:
            cluster.remove_node(each)


def stages(last: str) -> list:
    names = [stage.name for stage in STAGES]
    return list(STAGES[: names.index(last) + 1])


def test_a_model_is_trained_and_sampled_on_nodes_that_share_no_folder_with_this_machine(
    project, node, instance, tmp_path
):
    names = ("one", "other")
    for name in names:
        node(name)
    here = project(programs=256)
    bring(here, tmp_path, QUESTIONS_BEFORE, [])
    register_batches(instance, [BATCH])

    assert materialize(stages("sampled_programs"), here, instance, BATCH).success

    home = here.open().home
    trained = home.artifacts.current("base_policy")
    assert trained is not None
    assert (trained.folder / "model.safetensors").is_file()
    programs = home.lake.read(SAMPLED_PROGRAMS)
    assert programs.height == 2 * len(QUESTIONS_BEFORE)
    assert set(programs["model_revision"]) == {trained.content_key}
    # One of them has it because it was trained there, the other because it sampled.
    folder = trained.folder.relative_to(home.root)
    assert all(list((tmp_path / name).glob(f"*/{folder}/model.safetensors")) for name in names)
    assert not list(home.scratch.glob("sampling/*"))
    assert not list(tmp_path.glob("o*/*/scratch/sampling/*"))


def lose(cluster: Cluster, node) -> None:
    """Lose a node with all that runs on it; Ray leaves the processes of jobs alone where the machine lives on."""
    cluster.remove_node(node, allow_graceful=False)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command, environment = ((folder / name).read_bytes() for name in ("cmdline", "environ"))
            if b"learning.workers" in command and node._ray_params.env_vars["ACECODER_CACHE"].encode() in environment:
                os.kill(int(folder.name), signal.SIGKILL)


def test_a_training_whose_node_is_lost_goes_on_from_its_checkpoint_on_another(
    project,
    node,
    cluster,
    instance,
    address,  # noqa: F811
):
    lost, here = node("lost"), project(programs=48_000)
    base_policy = [stage for stage in STAGES if stage.name == "base_policy"]
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(materialize, base_policy, here, instance, None, raise_on_error=False)
        while not (saved := saved_checkpoints(address, "models/base_policy")) and not running.done():
            time.sleep(0.5)
        lose(cluster, lost)
        node("other")
        result = running.result()

    assert result.success
    logged = instance.all_logs(result.run_id)
    (restarted,) = [number for number, entry in enumerate(logged) if entry.dagster_event_type == RESTARTED]
    told = [PROGRESS.match(entry.user_message) for entry in logged[restarted:]]
    steps = [int(found[1].replace(",", "")) for found in told if found]
    assert steps[0] > max(saved)
    trained = here.open().home.artifacts.current("base_policy")
    assert trained is not None
    taken = [json.loads(line)["step"] for line in (trained.folder / "curve.jsonl").read_text().splitlines()]
    assert taken == sorted(set(taken))
    assert taken[-1] == steps[-1]


def test_a_project_that_nodes_cannot_reach_is_refused_by_name(cluster, instance, tmp_path):
    profile = tmp_path / "cluster.toml"
    profile.write_text(PROFILE.format(programs=256, cluster=cluster.address))
    here = Project(root=str(tmp_path / "home"), profile=str(profile))

    result = materialize(
        [stage for stage in STAGES if stage.name == "base_policy"], here, instance, None, raise_on_error=False
    )

    (failed,) = [each for each in result.all_events if each.event_type == dg.DagsterEventType.STEP_FAILURE]
    said = failed.step_failure_data.error.to_string()
    assert "ACECODER_HOME=s3://BUCKET/PREFIX" in said
    assert str(here.open().home.root) in said
