"""Trainings that do not fit are refused before anything is loaded."""

from pathlib import Path

import pytest

from acecoder_dagster.learning.errors import DoesNotFitError, is_worth_retrying
from acecoder_dagster.learning.memory import check
from acecoder_dagster.learning.memory.devices import Devices
from acecoder_dagster.learning.training.settings import RewardModelSettings, ScratchModelSettings
from acecoder_dagster.learning.workers.specifications import TrainRewardModel
from acecoder_dagster.learning.workers.tasks import run_task


def test_a_training_that_does_not_fit_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "devices_here", lambda: Devices(1, 1e6, are_gpus=True))
    training = TrainRewardModel(
        groups=tmp_path / "there_are_no_groups",
        prompt_template="plain",
        backbone="scratch",
        scratch=ScratchModelSettings(layers=1),
        output=tmp_path,
        settings=RewardModelSettings(tokens_per_forward=256, max_tokens=128),
        unsealed_pass_share=None,
    )

    with pytest.raises(DoesNotFitError, match="reward_model does not fit on 1 x 0 GB") as refused:
        run_task(training, lambda *_: None)

    assert not is_worth_retrying(refused.value)
    assert not list(tmp_path.iterdir())
