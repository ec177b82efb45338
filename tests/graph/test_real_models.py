"""The documented commands of profiles with real models, with tiny models of the same classes in their place.

The models are replaced by a Qwen2 and two Llamas that were taught right and wrong programs, and by a Gemma-2
classifier; AceCode-87K and the benchmarks by files of their form. What else a profile says holds, but for sizes and
lengths.
"""

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.warehouse import run_query
from tests.docs.shown import ROOT, commands
from tests.docs.stories import type_in
from tests.taught_models import SIZES, save_chat_model, teach

PUBLISHED, QWEN = "hf://TIGER-Lab/AceCode-87K", "Qwen/Qwen2.5-Coder-1.5B-Instruct"
# So many that the rule of the paper leaves hard questions in every split.
QUESTIONS = 80
ANSWERS = [f"def scale(x):\n    return {body}\n```" for body in ("2 * x", "x + x", "x")]

TINY = """
extends = "{extends}"

[sandbox]
launcher = "bubblewrap"
workers = 1

[base_policy]
model = "{policy}"

[sampling]
programs_per_question = 6
max_tokens = 32

[sampling.engine]
max_model_len = 256
dtype = "float32"

[reward_backbone]
model = "{backbone}"

[reward_model]
epochs = 4
prompts_per_step = 4
learning_rate = 1e-3
tokens_per_forward = 2048
max_tokens = 256
precision = "float32"
threads = 1

[scoring]
max_tokens = 256
precision = "float32"
threads = 1

[policy_rule]
{reinforcement}

[policy_reward_model]
{reinforcement}

[policy_reward_model.scoring]
max_tokens = 256
precision = "float32"
threads = 1

[evaluation]
best_of = [1, 2]
programs_per_question = 2
"""
# vLLM beside the policy needs a GPU. What stops a training has tests of its own.
REINFORCEMENT = """
generation = "transformers"
steps = 1
updates_per_step = 2
prompts_per_step = 2
completions_per_prompt = 4
max_completion_tokens = 32
validate_every = 1
hacking_drop = 0.99
precision = "float32"
threads = 1
"""


def acecode_row(number: int) -> dict[str, object]:
    """Return a row of AceCode-87K's form, with answers of a model that is not the base policy."""
    completion = "python\ndef scale(x):\n    return 3 * x\n```"
    answer = {"model_name": "qwen_coder_2.5", "completion_id": 0, "completion": completion, "pass_rate": 0.0}
    return {
        "id": f"oss_{number}",
        "source": "oss",
        "question": f"Write scale(x), number {number}.",
        # The wrong answer passes one: a program that passes none is in no pair of the paper.
        "test_cases": [f"assert scale({x}) == {2 * x}" for x in range(6)],
        "inferences": [answer],
    }


def write_lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny models of the classes that the profiles name or that are published as reward models."""
    import torch
    from transformers import Gemma2Config, Gemma2ForSequenceClassification, LlamaConfig, Qwen2Config

    from acecoder_dagster.learning.pretrained import load_tokenizer

    folder = tmp_path_factory.mktemp("models")
    asked = [f"Write scale(x), number {n}.{more}" for n in range(QUESTIONS) for more in ("", " It is of MBPP.")]
    questions = pl.DataFrame({"question_id": asked, "question": asked, "entry_point": "scale"})
    template = ROOT / "acecoder_dagster" / "prompts" / "evalplus.txt"
    texts = [template.read_text(), *asked, *ANSWERS]
    kinds = {"qwen": ("Qwen", Qwen2Config), "llama": ("Llama", LlamaConfig), "smollm2": ("SmolLM2", LlamaConfig)}
    for name, (family, kind) in kinds.items():
        teach(save_chat_model(folder / name, family, kind, texts), questions, ANSWERS)
    capped = {"attn_logit_softcapping": 50.0, "sliding_window": 64, "num_labels": 1, "query_pre_attn_scalar": 32}
    gemma = save_chat_model(folder / "gemma", "Gemma", Gemma2Config, texts, **capped)
    words = load_tokenizer(gemma)
    config = Gemma2Config(**SIZES, **capped, vocab_size=len(words), pad_token_id=words.pad_token_id)
    torch.manual_seed(0)
    Gemma2ForSequenceClassification(config).save_pretrained(gemma)
    return {name: folder / name for name in (*kinds, "gemma")}


def prepare(folder: Path, profile: str, policy: Path, backbone: Path) -> None:
    """Put a file of AceCode-87K's form and a tiny profile into the folder."""
    write_lines(folder / "acecode.jsonl", [acecode_row(n) for n in range(QUESTIONS)])
    small = TINY.format(extends=profile, policy=policy, backbone=backbone, reinforcement=REINFORCEMENT)
    (folder / "tiny.toml").write_text(small)


def type_shown(folder: Path, begin: str, profile: str, instead: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Type the one command of the documentation that begins so, with other words for some of its words."""
    (typed,) = (shown for shown in commands() if shown.startswith(begin) and shown.endswith(f" --profile {profile}"))
    for word, tiny in {f"--profile {profile}": "--profile tiny.toml", **instead}.items():
        assert word in typed
        typed = typed.replace(word, str(tiny))
    return type_in(folder, typed)


@pytest.mark.parametrize(("profile", "policy", "backbone"), [("local", "qwen", "llama"), ("paper", "llama", "qwen")])
def test_the_commands_of_a_profile_lead_from_the_published_questions_to_the_report(
    profile, policy, backbone, models, tmp_path
):
    prepare(tmp_path, profile, models[policy], models[backbone])

    imported = type_shown(tmp_path, "acecoder import --name acecode", profile, {PUBLISHED: "acecode.jsonl"})
    assert imported.returncode == 0, imported.stdout
    done = type_shown(tmp_path, "acecoder run", profile, {})

    assert done.returncode == 0, done.stdout
    assert "Every asset and check succeeded" in done.stdout
    home = Home(tmp_path / ".acecoder")
    counts = "SELECT count(*) FILTER (verdict = 'passed') AS right, count(*) AS all, any_value(model) FROM pass_rates"
    right, judged, model = run_query(home.warehouse, f"{counts} WHERE stage = 'sampled_programs'").row(0)
    assert (judged, model) == (6 * QUESTIONS, str(models[policy]))
    assert 0 < right < judged
    compared = run_query(home.warehouse, "SELECT DISTINCT model FROM benchmark_scores")["model"]
    assert set(compared) == {str(models[policy]), "policy_rule", "policy_reward_model"}
    methods = run_query(home.warehouse, "SELECT DISTINCT method FROM best_of_n")["method"]
    assert {"average", "reward_model", "oracle"} <= set(methods)
    assert "Best of N" in (home.root / "report.md").read_text()


def test_the_trainings_of_a_profile_by_themselves_take_models_of_others(models, tmp_path):
    prepare(tmp_path, "local", models["qwen"], models["llama"])
    right, _, wrong = (answer.removesuffix("```") for answer in ANSWERS)
    asked = [str(acecode_row(n)["question"]) for n in range(QUESTIONS)]
    pairs = [{"question": each, "entry_point": "scale", "chosen": right, "rejected": wrong} for each in asked]
    write_lines(tmp_path / "pairs.jsonl", pairs)
    programs = [
        {"question": each, "entry_point": "scale", "program": program} for each in asked for program in (right, wrong)
    ]
    write_lines(tmp_path / "programs.jsonl", programs)
    write_lines(tmp_path / "questions.jsonl", [acecode_row(n) | {"inferences": []} for n in range(QUESTIONS)])

    trained = type_shown(tmp_path, "acecoder train-rm pairs.jsonl", "local", {QWEN: models["llama"]})
    assert trained.returncode == 0, trained.stdout
    # What was trained elsewhere does not say what its prompts are like.
    for model, name in (("reward_model", "own"), (f"{models['gemma']} --prompt evalplus", "gemma")):
        scored = type_in(tmp_path, f"acecoder score {model} programs.jsonl -o {name}.parquet --profile tiny.toml")
        assert scored.returncode == 0, scored.stdout
        assert pl.read_parquet(tmp_path / f"{name}.parquet")["score"].null_count() == 0
    own = pl.read_parquet(tmp_path / "own.parquet")
    assert own.filter(pl.col("program") == right)["score"].min() > own.filter(pl.col("program") == wrong)["score"].max()

    # Of a model that was trained elsewhere nobody knows the scale.
    (models["gemma"] / "reward_calibration.json").write_text('{"mean": 0.0, "std": 1.0}')
    others = {QWEN: models["qwen"], "--reward-model reward_model": f"--reward-model {models['gemma']}"}
    rewarded = type_shown(tmp_path, "acecoder train-rl questions.jsonl -o policy2", "local", others)
    assert rewarded.returncode == 0, rewarded.stdout
    assert pl.read_parquet(tmp_path / "policy2" / "rollouts.parquet")["reward"].null_count() == 0


def test_the_example_of_a_pretrained_model_learns_from_recorded_programs_and_from_its_own(models, tmp_path):
    prepare(tmp_path, str(ROOT / "examples" / "pretrained.toml"), models["smollm2"], models["smollm2"])
    questions = [acecode_row(n) for n in range(QUESTIONS)]
    rows = [
        {
            "question_id": f"{name}/{number}",
            "question": f"{row['question']} It is of {name}.",
            "entry_point": "scale",
            "reference_program": "def scale(x):\n    return 2 * x\n",
            "tests": row["test_cases"][:3],
        }
        for number, row in enumerate(questions)
        for name in ("HumanEval", "MBPP")
    ]
    programs = [
        {"question_id": row["question_id"], "model": "other", "program": answer.removesuffix("```")}
        for row in rows[::2]
        for answer in ANSWERS
    ]
    for name, lines in {"humaneval": rows[::2], "mbpp": rows[1::2], "humaneval_programs": programs}.items():
        pl.DataFrame(lines).write_parquet(tmp_path / f"{name}.parquet")

    for begin in ("acecoder import --name humaneval", "acecoder import --name mbpp", "acecoder run"):
        done = type_shown(tmp_path, begin, "examples/pretrained.toml", {})
        assert done.returncode == 0, done.stdout

    home = Home(tmp_path / ".acecoder")
    wrote = run_query(home.warehouse, "SELECT DISTINCT model, batch FROM pass_rates WHERE stage = 'sampled_programs'")
    assert set(wrote.iter_rows()) == {("other", "humaneval-000"), (str(models["smollm2"]), "mbpp-000")}
    paired = run_query(
        home.warehouse, "SELECT DISTINCT questions.batch FROM preference_pairs JOIN questions USING (question_id)"
    )
    assert set(paired["batch"]) == {"humaneval-000", "mbpp-000"}
    assert set(run_query(home.warehouse, "SELECT model FROM trainings")["model"]) >= {"reward_model", "policy_rule"}
    assert "Best of N" in (home.root / "report.md").read_text()
