"""`acecoder train-rl`: questions with tests in, a policy and its rollouts out."""

import json
from pathlib import Path

import polars as pl
import pytest
from transformers import AutoModelForCausalLM
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.learning.errors import PolicyError

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


def test_too_few_questions_are_said(arguments, tmp_path) -> None:
    lines = (tmp_path / "questions.jsonl").read_text().splitlines()
    (tmp_path / "questions.jsonl").write_text(lines[0] + "\n")

    with pytest.raises(PolicyError, match="training questions, but every step draws"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
