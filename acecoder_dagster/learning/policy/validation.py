"""Validation of a policy while it is trained, by executed tests on questions that it is not trained on.

A reward model can be fooled (see `reward_hacking`). So whatever the reward is, checkpoints are compared by executed
tests. Training stops when they no longer get better, or when the reward rises while they get worse.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

from peft import PeftModel
from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from acecoder_dagster.files import replace_text
from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.policy.reward_hacking import is_reward_hacking, right_share, write_report
from acecoder_dagster.learning.policy.rewards import Rewarder, Rewards, Rollout
from acecoder_dagster.learning.policy.sampler import Sampler
from acecoder_dagster.learning.policy.weights import plain_weights
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.training.team import Team

_FIGURES = "validation.json"


class Validation(TrainerCallback):  # type: ignore[misc]  # transformers is not followed by mypy
    """Validates every few steps, keeps the best weights, and stops the training in time.

    The policy before the first step is validated too, so the result is never worse than the start on these questions.
    Processes that train together sample for a part of the questions each; the first one keeps weights and figures, and
    decides.

    Args:
        questions: (question_id, prompt) of the validation questions.
        rewarder: Rewards rollouts and judges them.
        tokenizer: Tokenizer of the policy.
        extract_program: Finds the program in a completion.
        settings: How often to validate, with how many completions, and when to stop.
        folder: Folder for the best weights and the figures of all validations.
        team: The processes that train together.
    """

    _sampler: Sampler

    def __init__(
        self,
        *,
        questions: Sequence[tuple[str, str]],
        rewarder: Rewarder,
        tokenizer: PreTrainedTokenizerBase,
        extract_program: Callable[[str], str],
        settings: PolicySettings,
        folder: Path,
        team: Team,
    ) -> None:
        self._questions = questions
        self._prompt_ids = encode_prompts(tokenizer, [prompt for _, prompt in questions])
        self._rewarder = rewarder
        self._tokenizer = tokenizer
        self._extract_program = extract_program
        self._settings = settings
        self._folder = folder
        self._team = team
        self._record = folder / "validations.json"
        self.latest: dict[str, float] = {}

    def sample_with(self, sampler: Sampler) -> None:
        """Name what samples with the current weights, before the training begins."""
        self._sampler = sampler

    def history(self) -> list[dict[str, float]]:
        """Return the figures of all validations so far, by step."""
        return json.loads(self._record.read_text()) if self._record.exists() else []

    def best(self) -> tuple[Path, dict[str, float]]:
        """Return folder and figures of the weights with the most right programs; of equal ones, the earliest."""
        found = [(folder, json.loads((folder / _FIGURES).read_text())) for folder in self._folder.glob("best-*[0-9]")]
        return max(found, key=lambda item: (right_share(item[1]), -item[1]["step"]))

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PreTrainedModel,
        **_: object,
    ) -> None:
        """Validate the starting policy; a training that goes on drops the validations after its checkpoint."""
        if self._team.is_first:
            done = self.history() if state.global_step else []
            steps = state.global_step / self._settings.updates_per_step
            self._write_record([figures for figures in done if figures["step"] <= steps])
        if not state.global_step:
            self._validate(0, model)

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        model: PreTrainedModel,
        **_: object,
    ) -> None:
        """Validate when it is due, and stop the training when it no longer gets better."""
        step, further_updates = divmod(state.global_step, self._settings.updates_per_step)
        if further_updates or (step % self._settings.validate_every and step != self._settings.steps):
            return
        rollouts, rewards = self._validate(step, model)
        if self._team.from_first(lambda: self._should_stop(rollouts, rewards)):
            control.should_training_stop = True

    def _should_stop(self, rollouts: list[Rollout], rewards: Rewards) -> bool:
        """Whether the latest validation ends the training; reward hacking is reported."""
        history = self.history()
        best_step = self.best()[1]["step"]
        should_stop = sum(figures["step"] > best_step for figures in history) >= self._settings.patience
        if is_reward_hacking(history, self._settings.hacking_drop):
            write_report(self._folder, history, rollouts, rewards)
            should_stop |= self._settings.on_hacking == "stop"
        return should_stop

    def _write_record(self, history: list[dict[str, float]]) -> None:
        replace_text(self._record, json.dumps(history))

    def _validate(self, step: int, model: PreTrainedModel) -> tuple[list[Rollout], Rewards]:
        started = time.perf_counter()
        copies = self._settings.validation_completions
        self._sampler.load(model)
        ids = self._sampler.sample(self._prompt_ids, copies, f"validation {step}", self._begin_judging)
        completions = self._tokenizer.batch_decode(ids, skip_special_tokens=True)
        rollouts = [
            Rollout(*self._questions[index // copies], self._extract_program(completion))
            for index, completion in enumerate(completions)
        ]
        rewards = self._rewarder(rollouts)
        self.latest = {**_figures(rewards, copies), "seconds_validation": time.perf_counter() - started}
        figures = {"step": step, **self.latest}
        if self._team.from_first(lambda: not self.history() or right_share(figures) > right_share(self.best()[1])):
            self._keep(step, model, figures)
        if self._team.is_first:
            self._write_record([*self.history(), figures])
        return rollouts, rewards

    def _begin_judging(self, index: int, completion_ids: list[int]) -> None:
        question_id, _ = self._questions[index // self._settings.validation_completions]
        completion = self._tokenizer.decode(completion_ids, skip_special_tokens=True)
        self._rewarder.begin(question_id, self._extract_program(completion))

    def _keep(self, step: int, model: PreTrainedModel, figures: dict[str, float]) -> None:
        weights = {}
        for name, weight in plain_weights(model):
            if self._team.is_first:
                weights[name] = weight.cpu()
        if not self._team.is_first:
            return
        folder = self._folder / f"best-{step}"
        partial = self._folder / f"best-{step}.partial"
        if not folder.exists():
            plain = model.get_base_model() if isinstance(model, PeftModel) else model
            plain.save_pretrained(partial, state_dict=weights)
            self._tokenizer.save_pretrained(partial)
            (partial / _FIGURES).write_text(json.dumps(figures))
            partial.rename(folder)
        for other in self._folder.glob("best-*"):
            if other != folder:
                shutil.rmtree(other)


def _figures(rewards: Rewards, copies: int) -> dict[str, float]:
    """Return shares and means over all programs; every `copies` neighbours answer the same question."""
    pass_rates = [judged.pass_rate for judged in rewards.judgements]
    official = [judged.official_pass_rate for judged in rewards.judgements]
    decided = [rate for rate in pass_rates if rate is not None]
    if not decided:
        raise PolicyError("The judge could not decide any program of the validation questions.")
    rewarded = [reward for reward in rewards.rewards if reward is not None]
    if not rewarded:
        raise PolicyError(
            "All programs of the validation questions are too long for the reward model: raise scoring.max_tokens."
        )
    by_official = any(rate is not None for rate in official)
    figures = {
        "validation_reward": fmean(rewarded),
        "validation_pass_at_1": _share_right(pass_rates),
        "validation_pass_rate": fmean(decided),
        "validation_undecided": len(pass_rates) - len(decided),
        "validation_standard_error": _standard_error(official if by_official else pass_rates, copies),
    }
    if by_official:
        figures["validation_official_pass_at_1"] = _share_right(official)
    return figures


def _share_right(pass_rates: Sequence[float | None]) -> float:
    return fmean(rate == 1.0 for rate in pass_rates if rate is not None)


def _standard_error(pass_rates: Sequence[float | None], copies: int) -> float:
    """Return the standard error of the share of right programs, by question, since programs of one are alike."""
    groups = [pass_rates[start : start + copies] for start in range(0, len(pass_rates), copies)]
    shares = [_share_right(group) for group in groups if any(rate is not None for rate in group)]
    return stdev(shares) / sqrt(len(shares)) if len(shares) > 1 else 1.0
