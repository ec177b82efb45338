"""What `acecoder plan` says about the memory of the trainings of a profile."""

import re
from pathlib import Path

import pytest

from acecoder_dagster.graph.refresh.memory import plan_memory, trainings_of
from acecoder_dagster.learning.memory.devices import Devices, read_devices
from acecoder_dagster.settings import Settings, read_settings


@pytest.fixture
def paper(tmp_path: Path) -> Settings:
    """The profile of the paper, with a folder in place of its model that holds the configuration and nothing else."""
    from transformers import Qwen2Config

    folder = tmp_path / "qwen"
    Qwen2Config(
        architectures=["Qwen2ForCausalLM"],
        vocab_size=152_064,
        hidden_size=3_584,
        intermediate_size=18_944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        max_position_embeddings=32_768,
        tie_word_embeddings=False,
    ).save_pretrained(folder)
    settings = read_settings("paper")
    return settings.model_copy(
        update={
            "base_policy": settings.base_policy.model_copy(update={"model": str(folder)}),
            "reward_backbone": settings.reward_backbone.model_copy(update={"model": str(folder)}),
        }
    )


def test_only_what_is_trained_here_is_planned(paper: Settings) -> None:
    assert trainings_of(paper) == ["reward_model", "policy_rule", "policy_reward_model"]
    assert trainings_of(read_settings("micro"))[0] == "base_policy"


def test_the_paper_fits_on_eight_gpus_of_80_gb(paper: Settings) -> None:
    planned = list(plan_memory(paper, trainings_of(paper), read_devices("8 x 80 GB")))

    assert [(each.training, each.fits, each.processes) for each in planned] == [
        ("reward_model", True, 8),
        ("policy_rule", True, 8),
        ("policy_reward_model", True, 8),
    ]
    # Weights, gradients and both states of Adam, of more than seven billion weights in float32, on eight.
    assert all(each.needed > 16 * 7e9 / 8 for each in planned if each.needed is not None)


def test_the_paper_says_what_to_change_on_one_gpu_of_24_gb(paper: Settings) -> None:
    (planned,) = plan_memory(paper, ["reward_model"], read_devices("1 x 24 GB"))

    assert planned.fits is False
    assert planned.said.startswith("reward_model does not fit on 1 x 24 GB: it needs ")
    assert "reward_model.tokens_per_forward = 2048 it still needs" in planned.said
    assert re.search(r"It fits on \d+ x 24 GB", planned.said)


def test_a_setting_that_is_enough_is_proposed_with_its_value(tmp_path: Path) -> None:
    settings = read_settings("micro")
    (needed,) = plan_memory(settings, ["reward_model"], Devices(1, 1e12, are_gpus=True))
    assert needed.needed is not None

    (planned,) = plan_memory(settings, ["reward_model"], Devices(1, needed.needed - 1e7, are_gpus=True))

    assert planned.fits is False
    assert "Set reward_model.gradient_checkpointing = true: then it needs" in planned.said


def test_a_model_whose_configuration_is_missing_does_not_stop_the_plan(paper: Settings, tmp_path: Path) -> None:
    nowhere = paper.reward_backbone.model_copy(update={"model": str(tmp_path / "nowhere")})
    settings = paper.model_copy(update={"reward_backbone": nowhere})

    reward_model, policy = plan_memory(settings, ["reward_model", "policy_rule"], read_devices("8 x 80 GB"))

    assert (reward_model.fits, reward_model.needed) == (None, None)
    assert "configuration" in reward_model.said
    assert policy.fits
