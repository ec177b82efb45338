import json
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from acecoder_dagster.learning.errors import DivergedError, ModelLoadError, RewardModelError
from acecoder_dagster.learning.reward_model.bradley_terry import score_pairs
from acecoder_dagster.learning.reward_model.groups import read_groups, split_by_question
from acecoder_dagster.learning.reward_model.scoring import RewardScorer, score_programs
from acecoder_dagster.learning.reward_model.training import CALIBRATION_FILE, load_scorer, train_reward_model
from acecoder_dagster.learning.training.settings import RewardModelSettings, ScoringSettings
from acecoder_dagster.learning.training.team import Team

TEMPLATE = "plain"
SETTINGS = RewardModelSettings(
    epochs=4,
    prompts_per_step=4,
    tokens_per_forward=200,
    learning_rate=5e-3,
    precision="float32",
    threads=1,
    validation_fraction=0.25,
    checkpoint_every=5,
)


def question(number: int, programs: int = 4) -> dict:
    """Programs that add are right, programs that subtract are wrong."""
    good = [f"def f(v):\n    return v + {number + k}\n" for k in range(programs // 2)]
    bad = [f"def f(v):\n    return v - {number * k} * {k}\n" for k in range(programs - programs // 2)]
    pairs = [(g, len(good) + b) for g in range(len(good)) for b in range(len(bad))]
    return {
        "question_id": f"q{number}",
        "prompt": f"# add {number} to v" + " please" * (number % 3) + "\n",
        "programs": good + bad,
        "chosen": [c for c, _ in pairs],
        "rejected": [r for _, r in pairs],
        "weights": [1.0 + 0.5 * (k % 2) for k in range(len(pairs))],
        "margins": [0.5 + 0.25 * (k % 3) for k in range(len(pairs))],
    }


def write_groups(path: Path, questions: list[dict]) -> Path:
    pl.DataFrame(questions).write_parquet(path)
    return path


def ignore_progress(step: int, total_steps: int, figures: dict[str, float]) -> None:
    """Somebody has to listen."""


@pytest.fixture
def groups_path(tmp_path: Path) -> Path:
    return write_groups(tmp_path / "groups.parquet", [question(n, programs=2 + n % 4) for n in range(16)])


@pytest.mark.parametrize(
    ("average_loss_over", "centre_coefficient", "margin_coefficient", "tokens_per_forward"),
    [
        ("pairs", 0.0, 0.0, 200),
        ("questions", 0.0, 3.0, 200),
        ("pairs", 0.05, 3.0, 200),
        ("questions", 0.05, 0.0, 200),
        # Most questions have more tokens than that.
        ("questions", 0.05, 3.0, 30),
    ],
)
def test_loss_and_gradient_are_those_of_plain_pairwise_training(
    tiny_model: Path,
    groups_path: Path,
    average_loss_over: str,
    centre_coefficient: float,
    margin_coefficient: float,
    tokens_per_forward: int,
) -> None:
    scorer, tokenizer = load_scorer(str(tiny_model))
    groups, _ = read_groups(groups_path, tokenizer, max_tokens=200)
    settings = SETTINGS.model_copy(
        update={
            "average_loss_over": average_loss_over,
            "centre_coefficient": centre_coefficient,
            "margin_coefficient": margin_coefficient,
            "tokens_per_forward": tokens_per_forward,
        }
    )
    loss = 0.0
    for forward in score_pairs(scorer, groups, settings, Team()):
        forward.loss.backward()
        loss += forward.loss.item()

    pairwise = AutoModelForSequenceClassification.from_pretrained(
        tiny_model, num_labels=1, dtype=torch.float32, attn_implementation="eager"
    )
    pairwise.load_state_dict(scorer.model.state_dict())
    expected = torch.zeros(())
    total_weight = sum(sum(question_weights) for question_weights in pl.read_parquet(groups_path)["weights"])
    for row in pl.read_parquet(groups_path).iter_rows(named=True):
        for chosen, rejected, weight, margin in zip(
            row["chosen"], row["rejected"], row["weights"], row["margins"], strict=True
        ):
            scores = []
            for program in (row["programs"][chosen], row["programs"][rejected]):
                ids = tokenizer(row["prompt"])["input_ids"] + tokenizer(program)["input_ids"]
                ids.append(tokenizer.eos_token_id)
                scores.append(pairwise(input_ids=torch.tensor([ids])).logits[0, 0])
            share = (
                weight / total_weight if average_loss_over == "pairs" else weight / sum(row["weights"]) / len(groups)
            )
            margin_loss = -torch.nn.functional.logsigmoid(scores[0] - scores[1] - margin_coefficient * margin)
            expected = expected + share * (margin_loss + centre_coefficient * (scores[0] + scores[1]) ** 2)
    expected.backward()

    assert loss == pytest.approx(expected.item(), rel=1e-6)
    plain = dict(pairwise.named_parameters())
    for name, parameter in scorer.model.named_parameters():
        assert torch.allclose(parameter.grad, plain[name].grad, rtol=1e-4, atol=1e-6), name


def test_checkpointed_activations_change_no_weight(
    tiny_model: Path, groups_path: Path, tmp_path: Path, monkeypatch
) -> None:
    computed_twice = []
    checkpoint = torch.utils.checkpoint.checkpoint
    monkeypatch.setattr(
        "transformers.modeling_utils.checkpoint",
        lambda *args, **more: computed_twice.append(1) or checkpoint(*args, **more),
    )
    weights = []
    for checkpointing in (False, True):
        settings = SETTINGS.model_copy(update={"epochs": 1, "gradient_checkpointing": checkpointing})
        folder = tmp_path / str(checkpointing)
        train_reward_model(groups_path, str(tiny_model), folder, settings, ignore_progress, TEMPLATE)
        weights.append(AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1).state_dict())
        assert bool(computed_twice) == checkpointing

    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_program_is_forwarded_once_however_many_pairs_it_is_in(tiny_model: Path, tmp_path: Path) -> None:
    row = question(1, programs=8)
    row["programs"] = [*row["programs"], row["programs"][0], "never in a pair"]
    row["chosen"] = [*row["chosen"], 8]
    row["rejected"] = [*row["rejected"], 7]
    row["weights"] = [*row["weights"], 1.0]
    row["margins"] = [*row["margins"], 1.0]
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    groups, _ = read_groups(write_groups(tmp_path / "g.parquet", [row]), tokenizer, max_tokens=200)
    assert len(groups[0].packed.programs) == 8
    assert len(groups[0].pairs) == 17


def test_training_orders_held_out_programs_and_the_checkpoint_scores_the_same_when_reloaded(
    tiny_model: Path, groups_path: Path, tmp_path: Path
) -> None:
    seen: list[tuple[int, int, dict[str, float]]] = []
    figures = train_reward_model(
        groups_path, str(tiny_model), tmp_path / "rm", SETTINGS, lambda *report: seen.append(report), TEMPLATE
    )
    assert figures["validation_pair_accuracy"] == 1.0
    assert [step for step, _, _ in seen] == list(range(1, 13))
    assert seen[-1][1] == 12
    assert seen[-1][2]["loss"] < seen[0][2]["loss"]
    assert seen[-1][2]["flops_share"] > 0
    assert not list((tmp_path / "rm").glob("*/checkpoint-*"))

    programs = [(q["prompt"], p) for q in (question(20), question(21)) for p in q["programs"]]
    ours = RewardScorer(tmp_path / "rm", ScoringSettings(precision="float32", tokens_per_forward=64)).score(programs)
    standard = AutoModelForSequenceClassification.from_pretrained(tmp_path / "rm", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "rm")
    batch = tokenizer([a + b + tokenizer.eos_token for a, b in programs], return_tensors="pt", padding=True)
    batch.pop("token_type_ids", None)
    with torch.no_grad():
        expected = standard(**batch).logits[:, 0]
    assert standard.config.num_labels == 1
    assert standard.config.acecoder_prompt_template == TEMPLATE
    assert torch.allclose(torch.tensor(ours), expected, atol=1e-5)
    calibration = json.loads((tmp_path / "rm" / CALIBRATION_FILE).read_text())
    assert calibration == {"mean": figures["calibration_mean"], "std": figures["calibration_std"]}


def test_a_question_is_never_in_both_training_and_validation(tiny_model: Path, groups_path: Path) -> None:
    groups, _ = read_groups(groups_path, AutoTokenizer.from_pretrained(tiny_model), max_tokens=200)
    train, validation = split_by_question([*groups, *groups], 0.25, seed=3)
    assert len({g.question_id for g in validation}) == 4
    assert not {g.question_id for g in train} & {g.question_id for g in validation}
    reordered = split_by_question([*reversed(groups)], 0.25, seed=3)[1]
    assert {g.question_id for g in reordered} == {g.question_id for g in validation}


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_training_continues_to_the_same_weights(
    processes: int, tiny_model: Path, groups_path: Path, tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"processes": processes})
    train_reward_model(groups_path, str(tiny_model), tmp_path / "undisturbed", settings, ignore_progress, TEMPLATE)
    script = f"""
import time
from pathlib import Path
from acecoder_dagster.learning.reward_model.training import train_reward_model
from acecoder_dagster.learning.training.settings import RewardModelSettings
def progress(step, total, figures):
    if step == 8:
        print("step 8", flush=True)
        time.sleep(600)
settings = RewardModelSettings.model_validate_json({settings.model_dump_json()!r})
output = Path({str(tmp_path / "killed")!r})
train_reward_model(Path({str(groups_path)!r}), {str(tiny_model)!r}, output, settings, progress, {TEMPLATE!r})
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
    assert process.stdout is not None
    assert process.stdout.readline() == "step 8\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    half_written = tmp_path / "killed" / "in_progress" / "checkpoint-7"
    half_written.mkdir()
    steps: list[int] = []
    train_reward_model(
        groups_path, str(tiny_model), tmp_path / "killed", settings, lambda step, *_: steps.append(step), TEMPLATE
    )
    assert steps == list(range(6, 13))
    models = [AutoModelForSequenceClassification.from_pretrained(tmp_path / n) for n in ("undisturbed", "killed")]
    for ours, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("changed", [{}, {"tokens_per_forward": 30}, {"lora_rank": 2}])
def test_several_processes_train_to_the_weights_of_one(
    changed: dict[str, int], tiny_model: Path, groups_path: Path, tmp_path: Path
) -> None:
    figures, weights = [], []
    for processes in (1, 3):
        settings = SETTINGS.model_copy(update={**changed, "epochs": 1, "learning_rate": 1e-3, "processes": processes})
        output = tmp_path / f"{processes} processes"
        told: list[dict[str, float]] = []
        trained = train_reward_model(
            groups_path, str(tiny_model), output, settings, lambda _, __, step, told=told: told.append(step), TEMPLATE
        )
        figures.append([trained[name] for name in trained if name.startswith(("validation", "calibration"))])
        figures[-1] += [step[name] for step in told for name in ("loss", "pair_accuracy", "gradient_norm")]
        weights.append(AutoModelForSequenceClassification.from_pretrained(output).state_dict())
        assert not (output / "in_progress").exists()
    assert figures[1] == pytest.approx(figures[0], rel=1e-4)
    for name, values in weights[0].items():
        # Adam divides a gradient by its size: where it is almost zero, its rounding decides.
        assert torch.allclose(values, weights[1][name], atol=2e-4), name


def test_adapters_leave_a_standard_checkpoint_and_continue_after_a_stop(
    tiny_model: Path, groups_path: Path, tmp_path: Path
) -> None:
    class StopError(Exception):
        pass

    def stop_at_seven(step: int, total_steps: int, figures: dict[str, float]) -> None:
        if step == 7:
            raise StopError

    settings = SETTINGS.model_copy(update={"lora_rank": 4, "learning_rate": 2e-2})
    figures = train_reward_model(
        groups_path, str(tiny_model), tmp_path / "undisturbed", settings, ignore_progress, TEMPLATE
    )
    assert figures["validation_pair_accuracy"] > 0.9
    with pytest.raises(StopError):
        train_reward_model(groups_path, str(tiny_model), tmp_path / "stopped", settings, stop_at_seven, TEMPLATE)
    train_reward_model(groups_path, str(tiny_model), tmp_path / "stopped", settings, ignore_progress, TEMPLATE)
    start = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=1)
    models = [AutoModelForSequenceClassification.from_pretrained(tmp_path / n) for n in ("undisturbed", "stopped")]
    for before, ours, theirs in zip(*(dict(each.named_parameters()).items() for each in (start, *models)), strict=True):
        assert before[0] == ours[0] == theirs[0]
        assert torch.equal(ours[1], theirs[1])
        frozen = "norm" in ours[0] or "bias" in ours[0] or "embed" in ours[0]
        assert torch.equal(ours[1], before[1]) == frozen, ours[0]


def test_a_checkpoint_of_other_settings_is_not_continued(tiny_model: Path, groups_path: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop_at_six(step: int, total_steps: int, figures: dict[str, float]) -> None:
        if step == 6:
            raise StopError

    with pytest.raises(StopError):
        train_reward_model(groups_path, str(tiny_model), tmp_path / "rm", SETTINGS, stop_at_six, TEMPLATE)
    other = SETTINGS.model_copy(update={"learning_rate": 1e-3})
    steps: list[int] = []
    train_reward_model(
        groups_path, str(tiny_model), tmp_path / "rm", other, lambda step, *_: steps.append(step), TEMPLATE
    )
    assert steps[0] == 1


def test_programs_over_length_are_left_out_and_counted(tiny_model: Path, tmp_path: Path) -> None:
    rows = [question(n) for n in range(8)]
    rows[2]["programs"][0] = "def f(v):\n" + "    v = v + 1\n" * 80
    path = write_groups(tmp_path / "groups.parquet", rows)
    settings = SETTINGS.model_copy(update={"max_tokens": 100, "epochs": 1})
    figures = train_reward_model(path, str(tiny_model), tmp_path / "rm", settings, ignore_progress, TEMPLATE)
    assert (figures["programs_over_length"], figures["pairs_over_length"]) == (1, 2)

    table = pl.DataFrame(
        {
            "question_id": ["q2"] * 3,
            "program_id": ["long", "short", "again"],
            "prompt": [rows[2]["prompt"]] * 3,
            "program": [rows[2]["programs"][0], rows[2]["programs"][1], rows[2]["programs"][1]],
        }
    )
    table.write_parquet(tmp_path / "programs.parquet")
    counts = score_programs(
        tmp_path / "rm",
        tmp_path / "programs.parquet",
        tmp_path / "scores.parquet",
        ScoringSettings(max_tokens=100, precision="float32", threads=1),
        lambda done, total: None,
    )
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert counts == {"programs": 3, "programs_over_length": 1}
    assert scores["program_id"].to_list() == ["long", "short", "again"]
    assert scores["score"][0] is None
    assert scores["score"][1] == scores["score"][2]


def test_bad_input_is_named(tiny_model: Path, groups_path: Path, tmp_path: Path) -> None:
    def train(path: Path, model: str = str(tiny_model)) -> None:
        train_reward_model(path, model, tmp_path / "rm", SETTINGS, ignore_progress, TEMPLATE)

    with pytest.raises(RewardModelError, match=r"nothing\.parquet"):
        train(tmp_path / "nothing.parquet")
    with pytest.raises(ModelLoadError, match=r"Cannot load a tokenizer from 'no/such/model'"):
        train(groups_path, "no/such/model")
    empty = {**question(1), "chosen": [], "rejected": [], "weights": [], "margins": []}
    with pytest.raises(RewardModelError, match="holds no preference pair"):
        train(write_groups(tmp_path / "ties.parquet", [question(1) | empty, question(2) | empty]).absolute())
    with pytest.raises(RewardModelError, match=r"lacks the columns \['weights'\]"):
        train(write_groups(tmp_path / "column.parquet", [{k: v for k, v in question(1).items() if k != "weights"}]))
    with pytest.raises(RewardModelError, match=r"question 'q3'.*outside their programs"):
        train(write_groups(tmp_path / "outside.parquet", [question(2), {**question(3), "chosen": [0, 1, 9, 0]}]))
    for column, value in (("weights", float("nan")), ("weights", 0.0), ("margins", -0.5)):
        wrong = {**question(3), column: [value] * 4}
        with pytest.raises(RewardModelError, match=r"question 'q3'.*weights that are not positive"):
            train(write_groups(tmp_path / f"{column}.parquet", [question(2), wrong]))
    with pytest.raises(RewardModelError, match="at least two questions"):
        train(write_groups(tmp_path / "single.parquet", [question(2)]))


def test_a_loss_that_is_not_a_number_stops_training(tiny_model: Path, groups_path: Path, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 1e30})
    with pytest.raises(DivergedError, match="Lower learning_rate"):
        train_reward_model(groups_path, str(tiny_model), tmp_path / "rm", settings, ignore_progress, TEMPLATE)


def test_a_padding_token_equal_to_the_end_token_is_replaced(
    tiny_model: Path, groups_path: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(tmp_path / "base")
    AutoModelForCausalLM.from_pretrained(tiny_model).save_pretrained(tmp_path / "base")
    settings = SETTINGS.model_copy(update={"epochs": 1})
    train_reward_model(groups_path, str(tmp_path / "base"), tmp_path / "rm", settings, ignore_progress, TEMPLATE)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "rm")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "rm")
    assert model.config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id
