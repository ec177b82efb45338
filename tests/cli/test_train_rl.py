"""`acecoder train-rl`: questions with tests in, a policy and its rollouts out."""

import json
from pathlib import Path

import polars as pl
import pytest
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.training.settings import ScoringSettings

PROFILE = """
extends = "micro"
[sandbox]
launcher = "bubblewrap"
workers = 1
[policy_rule]
steps = 2
prompts_per_step = 2
completions_per_prompt = 2
max_completion_tokens = 8
validate_every = 2
"""

SCORING = """
[policy_reward_model.scoring]
max_tokens = 1000
precision = "float32"
"""


@pytest.fixture
def arguments(tiny_model: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "small.toml").write_text(PROFILE)
    rows = [
        {"question_id": n, "question": f"add {n}", "tests": [f"assert add(1) == {n + 1}"], "entry_point": "add"}
        for n in range(40)
    ]
    rows.append({**rows[0], "question_id": 99, "tests": ["assert sub(1)"]})
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {"out": "policy", "profile": "small.toml"}
    options = [text for name, file in files.items() for text in (f"--{name}", str(tmp_path / file))]
    return ["train-rl", str(tmp_path / "questions.jsonl"), "--policy", str(tiny_model), *options]


def test_a_policy_is_trained_on_a_file_of_questions_and_every_rollout_is_kept(arguments, tmp_path) -> None:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)

    assert done.exit_code == 0, done.output
    AutoModelForCausalLM.from_pretrained(tmp_path / "policy")
    rollouts = pl.read_parquet(tmp_path / "policy" / "rollouts.parquet")
    assert rollouts["step"].unique().sort().to_list() == [1, 2]
    assert set(rollouts["outcomes"].explode()) <= {"passed", "failed", "error", "crashed"}
    assert rollouts["outcomes"].null_count() == 0
    assert (tmp_path / "policy" / "learning_curves.png").read_bytes().startswith(b"\x89PNG")
    assert "not used" in done.output


def test_the_reward_model_reads_prompts_by_its_own_template_and_the_policy_by_its_own(
    arguments, tiny_llama, tiny_chat_model, tmp_path
) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    reward_model = tmp_path / "reward_model"
    AutoModelForSequenceClassification.from_pretrained(tiny_chat_model, num_labels=1).save_pretrained(reward_model)
    AutoTokenizer.from_pretrained(tiny_chat_model).save_pretrained(reward_model)
    (reward_model / "reward_calibration.json").write_text('{"mean": 0.0, "std": 1.0}')
    profile = tmp_path / "small.toml"
    profile.write_text('prompt = "evalplus"\n' + PROFILE.replace("policy_rule", "policy_reward_model") + SCORING)
    arguments[arguments.index("--policy") + 1] = str(tiny_llama)
    done = CliRunner().invoke(app, [*arguments, "--reward-model", str(reward_model)], catch_exceptions=False)

    assert done.exit_code == 0, done.output
    asked = pl.read_parquet(tmp_path / "policy" / "questions.parquet")
    assert asked["prompt"].str.starts_with("<bos><user>").all()
    assert asked["reward_prompt"].str.starts_with("<user>").all()
    rollouts = pl.read_parquet(tmp_path / "policy" / "rollouts.parquet").join(asked, on="question_id")
    pairs = list(rollouts.select("reward_prompt", "program").iter_rows())
    scores = RewardScorer(reward_model, ScoringSettings(precision="float32")).score(pairs)
    assert rollouts["reward_model_score"].to_list() == pytest.approx(scores, abs=1e-4)


def test_too_few_questions_are_said(arguments, tmp_path) -> None:
    lines = (tmp_path / "questions.jsonl").read_text().splitlines()
    (tmp_path / "questions.jsonl").write_text(lines[0] + "\n")

    with pytest.raises(PolicyError, match="training questions, but every step draws"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
