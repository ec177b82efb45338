"""A worker on another machine ends, with its work saved, once nobody waits for it."""

import json
import os
import subprocess
import sys
import time

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, DAGSTER_PIPES_MESSAGES_ENV_VAR, encode_param

from acecoder_dagster.data.store.address import CACHE_VARIABLE
from acecoder_dagster.learning.training.settings import ScratchModelSettings, SupervisedSettings
from acecoder_dagster.learning.workers.assignments import ASSIGNMENT_FILE, assignment
from acecoder_dagster.learning.workers.specifications import TrainBasePolicy
from acecoder_dagster.questions.micro import MicroSettings
from tests.object_stores import address, machine, s3_server, saved_checkpoints  # noqa: F401 - fixtures

NOTHING = ("partition_key", "partition_key_range", "partition_time_window", "job_name")

CONTEXT = {
    "asset_keys": ["base_policy"],
    "code_version_by_asset_key": {"base_policy": None},
    "provenance_by_asset_key": {"base_policy": None},
    "run_id": "run",
    "retry_number": 0,
    "extras": {},
    **dict.fromkeys(NOTHING),
}


def long_training(folder) -> TrainBasePolicy:
    return TrainBasePolicy(
        output=folder,
        prompt_template="plain",
        references=None,
        longest_program=200,
        corpus_programs=200_000,
        seed=0,
        micro=MicroSettings(),
        scratch=ScratchModelSettings(hidden_size=32, layers=1, attention_heads=1, feed_forward_size=64),
        supervised=SupervisedSettings(processes=1, checkpoint_every=100),
    )


def test_a_worker_whose_driver_is_gone_saves_its_work_and_ends(machine, address, tmp_path):  # noqa: F811
    home = machine("driver")
    own, work = home.root / "scratch" / "own", home.root / "models" / "base_policy" / "key"
    own.mkdir(parents=True)
    given = assignment(long_training(work), home.root, [work])
    (own / ASSIGNMENT_FILE).write_text(given.model_dump_json())
    home.store.save(own, [own / ASSIGNMENT_FILE])
    (tmp_path / "context.json").write_text(json.dumps(CONTEXT))
    pipes = {
        DAGSTER_PIPES_CONTEXT_ENV_VAR: encode_param({"path": str(tmp_path / "context.json")}),
        DAGSTER_PIPES_MESSAGES_ENV_VAR: encode_param({"path": str(tmp_path / "messages.jsonl")}),
        CACHE_VARIABLE: str(tmp_path / "node"),
    }
    command = [sys.executable, "-m", "acecoder_dagster.learning.workers.on_node", address, "scratch/own"]

    with home.store.hold(own, lambda: None):
        node = subprocess.Popen(command, env=os.environ | pipes, stderr=subprocess.PIPE, text=True)
        while not (saved := saved_checkpoints(address, "models")) and node.poll() is None:
            time.sleep(0.2)
    _, said = node.communicate(timeout=120)

    assert node.returncode != 0
    assert "whoever started it is gone" in said
    home.store.fetch(work)
    kept = [int(path.name.partition("-")[2]) for path in work.rglob("checkpoint-*")]
    assert max(kept) >= max(saved)
