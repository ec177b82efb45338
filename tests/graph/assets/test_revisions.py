"""A model that is named at a revision writes its programs from that revision, as oracle and as base policy."""

from pathlib import Path

import polars as pl
import pytest
from huggingface_hub import constants

from acecoder_dagster.data.tables import ORACLE_PROGRAMS, SAMPLED_PROGRAMS
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.refresh.planning import plan_refresh
from acecoder_dagster.learning.sampling import template_text
from tests.graph.imports import BATCH, SYNTHESIS, bring, materialize, question, small_project
from tests.taught_models import save_chat_model, teach

PINNED, NEWEST = "a" * 40, "b" * 40
PROGRAMS = {PINNED: "def scale(x):\n    return 2 * x", NEWEST: "def scale(x):\n    return x"}
SETTINGS = """
[base_policy]
model = "own/model@{revision}"
[tests]
policy = "paper"
oracle_models = ["own/model@{revision}"]
[tests.oracle_sampling]
programs_per_question = 1
temperature = 0.0
max_tokens = 32
[tests.oracle_sampling.engine]
max_model_len = 256
dtype = "float32"
[sampling]
programs_per_question = 1
temperature = 0.0
max_tokens = 32
[sampling.engine]
replicas = 1
max_model_len = 256
dtype = "float32"
"""
SAMPLED = [stage for stage in STAGES if stage.name == "sampled_programs"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub's client keeps of `own/model`: its newest version writes another program than the version `v1`."""
    from transformers import LlamaConfig

    repository = tmp_path / "hub" / "models--own--model"
    asked = [question(number)["question"] for number in range(3)]
    questions = pl.DataFrame({"question_id": asked, "question": asked, "entry_point": "scale"})
    for commit, program in PROGRAMS.items():
        texts = [template_text("evalplus"), *asked, program]
        folder = save_chat_model(repository / "snapshots" / commit, "Llama", LlamaConfig, texts)
        teach(folder, questions, [f"{program}\n```"])
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(NEWEST)
    (repository / "refs" / "v1").write_text(PINNED)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(repository.parent))
    monkeypatch.setenv("HF_HUB_CACHE", str(repository.parent))


def test_oracle_and_base_policy_write_the_programs_of_their_revision(hub, tmp_path, instance):
    project = small_project(tmp_path, SETTINGS.format(revision="v1"))
    (tmp_path / "small.toml").write_text('prompt = "evalplus"\n' + (tmp_path / "small.toml").read_text())
    bring(project, tmp_path, [question(number) for number in range(3)], [])
    register_batches(instance, [BATCH])

    assert materialize([*SYNTHESIS, *SAMPLED], project, instance, BATCH).success

    opened = project.open()
    oracles, sampled = opened.lake.read(ORACLE_PROGRAMS), opened.lake.read(SAMPLED_PROGRAMS)
    assert oracles["program"].str.strip_chars().to_list() == [PROGRAMS[PINNED]] * 3
    assert sampled["program"].str.strip_chars().to_list() == [PROGRAMS[PINNED]] * 3
    assert sampled["model_revision"].unique().to_list() == [PINNED]

    path = tmp_path / "small.toml"
    path.write_text(path.read_text().replace("@v1", f"@{NEWEST}"))
    outdated = {stage.stage for stage in plan_refresh(project.open(), [BATCH])}
    assert {"oracle_programs", "sampled_programs"} <= outdated
