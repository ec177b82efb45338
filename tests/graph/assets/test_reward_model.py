"""A reward model from a named model: prompts are chats, rendered by its own chat template in training and scoring."""

import polars as pl
import pytest

from acecoder_dagster.data.tables import PROGRAM_SCORES
from acecoder_dagster.graph.assets import STAGES, evaluation, preference_pairs, program_scores, reward_model
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.steps.scoring import scored_programs
from tests.graph.imports import BATCH, SYNTHESIS, bring, materialize, program, question, small_project

SETTINGS = """
[base_policy]
model = "{policy}"
[reward_backbone]
model = "{backbone}"
[reward_model]
epochs = 1
max_tokens = 1024
precision = "float32"
threads = 1
[scoring]
max_tokens = 1024
precision = "float32"
[curves]
trackers = ["wandb"]
"""
NAMES = [stage.name for stage in STAGES]


@pytest.fixture
def project(tiny_chat_model, tiny_llama, tmp_path, instance, monkeypatch):
    """A project with pairs of imported programs whose policy is a Llama and whose reward model starts from a Qwen2.

    wandb, which its curves are sent to, has no key.
    """
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    made = small_project(tmp_path, SETTINGS.format(policy=tiny_llama, backbone=tiny_chat_model))
    profile = tmp_path / "small.toml"
    profile.write_text('prompt = "evalplus"\n' + profile.read_text())
    questions = [question(n) | {"split": "test" if n == 4 else "train"} for n in range(5)]
    bring(made, tmp_path, questions, [program(n, body, i) for n in range(5) for i, body in enumerate(("2 * x", "x"))])
    register_batches(instance, [BATCH])
    judged = [stage for stage in STAGES[: NAMES.index("test_results") + 1] if stage.name != "base_policy"]
    materialize([*SYNTHESIS, *judged[len(SYNTHESIS) :]], made, instance, BATCH)
    materialize([preference_pairs], made, instance, None)
    return made


def test_it_is_trained_and_scores_with_the_chat_template_of_its_backbone(project, instance, monkeypatch) -> None:
    scored: list[pl.DataFrame] = []

    def remembered(step, model, programs):
        scored.append(programs)
        return scored_programs(step, model, programs)

    monkeypatch.setattr(evaluation, "scored_programs", remembered)
    done = materialize([reward_model, program_scores], project, instance, None)
    assert done.success

    opened = project.open()
    _its_curves_could_be_watched_and_can_be_seen(opened.home, done)
    told = [entry.user_message for entry in instance.all_logs(done.run_id)]
    assert len([line for line in told if line.startswith("wandb (curves.trackers) failed and lacks steps")]) == 1
    groups = pl.read_parquet(opened.home.artifacts.current("reward_model").folder / "groups.parquet")
    assert groups.height == 4
    assert all(prompt.startswith("<user>") for prompt in groups["prompt"])
    (asked,) = scored
    assert all(prompt.startswith("<user>") for prompt in asked["prompt"])
    assert opened.lake.read(PROGRAM_SCORES)["score"].null_count() == 0


def _its_curves_could_be_watched_and_can_be_seen(home, done) -> None:
    page = home.curves_page("reward_model")
    (observed,) = done.get_asset_observation_events()
    assert observed.asset_observation_data.asset_observation.metadata["curves so far"].path == str(page)
    (trained,) = done.asset_materializations_for_node("reward_model")
    assert trained.metadata["curves"].path == str(page)
    assert "It is finished, after" in page.read_text()
    assert "on validation questions" in page.read_text()
    assert list(home.artifacts.current("reward_model").folder.glob("tensorboard/training/events.out.tfevents.*"))
