"""Bradley-Terry training of a reward model, in which every distinct program is computed once.

The loss of a pair is `-log sigmoid(score(chosen) - score(rejected))` (paper, equation 1). All pairs of a question are
in the same step: its programs are packed behind their prompt and scored once, and every pair uses these scores. The
gradient is the same as in pairwise training on the same pairs.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from transformers import PreTrainedTokenizerBase

from acecoder_dagster.files.model_files import model_identity
from acecoder_dagster.learning.attention import PACKED_ATTENTION
from acecoder_dagster.learning.errors import DivergedError
from acecoder_dagster.learning.pretrained import empty_classifier, load_classifier, load_tokenizer
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.reward_model.bradley_terry import score_pairs
from acecoder_dagster.learning.reward_model.groups import (
    LeftOut,
    PreferenceGroup,
    read_groups,
    split_by_question,
    steps_of_epoch,
    steps_per_epoch,
)
from acecoder_dagster.learning.reward_model.packing import PackedScorer
from acecoder_dagster.learning.reward_model.prompts import PROMPT_TEMPLATE
from acecoder_dagster.learning.reward_model.template import prepare_tokenizer
from acecoder_dagster.learning.training.checkpoints import close_work_folder, fingerprint, open_work_folder
from acecoder_dagster.learning.training.device import measured_peak_flops, prepare_process
from acecoder_dagster.learning.training.run_state import full_weights, read_state, write_state
from acecoder_dagster.learning.training.settings import RewardModelSettings
from acecoder_dagster.learning.training.team import Team, start_team

CALIBRATION_FILE = "reward_calibration.json"
"""Beside the weights: mean and standard deviation of the scores of validation programs, the scale of rewards."""


def train_reward_model(
    groups_path: Path,
    backbone: str,
    output: Path,
    settings: RewardModelSettings,
    progress: Progress,
    prompt_template: str,
) -> dict[str, float]:
    """Train a reward model, and write it as a standard checkpoint.

    After an interruption, a call with the same arguments goes on from the last checkpoint in `output`. It ends with the
    same weights as a training that was not interrupted.

    Args:
        groups_path: Parquet with the columns of `groups.GROUP_COLUMNS`.
        backbone: Address of the causal model that the reward model starts from.
        output: Folder for the checkpoint, which loads with `AutoModelForSequenceClassification`, and for
            `reward_calibration.json`.
        settings: How to train.
        progress: Called after every step with loss, pair_accuracy, tokens_per_second, flops_share and gradient_norm.
        prompt_template: The template that the prompts were rendered with. The checkpoint keeps it for scoring.

    Returns:
        Figures: pair accuracy on validation questions (over all pairs, and as a mean over questions), loss,
        calibration, numbers of questions, programs and pairs, how many were too long, seconds and tokens.

    Raises:
        RewardModelError: There is no such file, or it is broken or has too few pairs.
        ModelLoadError: The backbone cannot be loaded.
        DivergedError: The loss or its gradient is not a number.
        ProcessEndedError: Another process of the training failed or was killed.
    """
    processes = settings.processes or max(1, torch.cuda.device_count())
    loaded = _load(groups_path, backbone, settings, Team(size=processes))
    decides = [model_identity(backbone), prompt_template, settings.model_dump_json()]
    work = open_work_folder(output, fingerprint(decides, [groups_path]))
    with start_team(processes, _train_as_helper, groups_path, backbone, settings, work) as team:
        figures, weights = _train(loaded, team, settings, work, progress)
    scorer, adapters = loaded.scorer, loaded.adapters
    if processes > 1:
        scorer, _, adapters = _empty(backbone, settings)
        scorer.load_state_dict(weights, assign=True)
    if adapters is not None:
        scorer.model = adapters.merge_and_unload()
    setattr(scorer.model.config, PROMPT_TEMPLATE, prompt_template)
    scorer.model.save_pretrained(output)
    loaded.tokenizer.save_pretrained(output)
    calibration = {"mean": figures["calibration_mean"], "std": figures["calibration_std"]}
    (output / CALIBRATION_FILE).write_text(json.dumps(calibration, indent=2))
    close_work_folder(output)
    return figures


@dataclass(frozen=True)
class _Loaded:
    """What a process starts with.

    Attributes:
        scorer: The scorer; its weights have no contents where several processes will divide it.
        weights: In the first of several processes, all weights of the scorer.
        adapters: Of the scorer; None where all weights are trained.
        tokenizer: Of the backbone.
        train: Groups that are trained on.
        validation: Groups that are held out.
        left_out: What was too long.
    """

    scorer: PackedScorer
    weights: dict[str, torch.Tensor]
    adapters: Any
    tokenizer: PreTrainedTokenizerBase
    train: list[PreferenceGroup]
    validation: list[PreferenceGroup]
    left_out: LeftOut


def _load(groups_path: Path, backbone: str, settings: RewardModelSettings, team: Team) -> _Loaded:
    prepare_process(settings.threads, settings.seed)
    weights: dict[str, torch.Tensor] = {}
    if team.is_first:
        scorer, tokenizer, adapters = _untrained(
            backbone, settings, as_in_file=team.size > 1 and not settings.lora_rank
        )
        weights = scorer.state_dict() if team.size > 1 else {}
    if team.size > 1:
        scorer, tokenizer, adapters = _empty(backbone, settings)
    if settings.gradient_checkpointing:
        scorer.model.gradient_checkpointing_enable({"use_reentrant": False})
    groups, left_out = read_groups(groups_path, tokenizer, settings.max_tokens)
    train, validation = split_by_question(groups, settings.validation_fraction, settings.seed)
    return _Loaded(scorer, weights, adapters, tokenizer, train, validation, left_out)


def _untrained(
    backbone: str, settings: RewardModelSettings, *, as_in_file: bool
) -> tuple[PackedScorer, PreTrainedTokenizerBase, Any]:
    """Return the scorer that a training starts from, its tokenizer, and its adapters (None for rank 0).

    Args:
        backbone: Address of the backbone.
        settings: How it is trained.
        as_in_file: Whether weights may keep the type that they have in the file, and so be mapped into memory and read
            only when they are needed; else they are float32.
    """
    # Adapters are drawn in the type of the weights: with all digits.
    dtype = "auto" if as_in_file else torch.float32
    scorer, tokenizer = _whole_scorer(backbone, dtype)
    _start_head_near_zero(scorer)
    return scorer, tokenizer, add_adapters(scorer, settings.lora_rank) if settings.lora_rank else None


def _empty(backbone: str, settings: RewardModelSettings) -> tuple[PackedScorer, PreTrainedTokenizerBase, Any]:
    """Return what `_untrained` does, with float32 weights that have no contents."""
    scorer, tokenizer = _empty_scorer(backbone)
    with torch.device("meta"):
        return scorer, tokenizer, add_adapters(scorer, settings.lora_rank) if settings.lora_rank else None


def _train(
    loaded: _Loaded, team: Team, settings: RewardModelSettings, work: Path, progress: Progress
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """Train in one process of a team. Return figures, and in the first of several processes all weights."""
    scorer = loaded.scorer
    team.divide(scorer, scorer.layers, loaded.weights)
    loaded.weights.clear()
    scorer.to(team.device).train()
    loop = _TrainingLoop(scorer, loaded.train, settings, team)
    loop.run(work, progress)
    figures = {
        **evaluate(scorer, loaded.validation, settings, team),
        **loop.totals(),
        "train_questions": len(loaded.train),
        "train_programs": sum(len(group.packed.programs) for group in loaded.train),
        "train_pairs": sum(len(group.pairs) for group in loaded.train),
        "programs_over_length": loaded.left_out.programs,
        "pairs_over_length": loaded.left_out.pairs,
        "questions_over_length": loaded.left_out.questions,
    }
    return figures, full_weights(scorer) if team.size > 1 else {}


def _train_as_helper(team: Team, groups_path: Path, backbone: str, settings: RewardModelSettings, work: Path) -> None:
    _train(_load(groups_path, backbone, settings, team), team, settings, work, lambda *_: None)


def load_scorer(model: str, team: Team | None = None) -> tuple[PackedScorer, PreTrainedTokenizerBase]:
    """Return a causal model or a finished reward model as a scorer of packed rows, with its tokenizer.

    Args:
        model: Its address.
        team: Processes that divide it among themselves.

    Raises:
        ModelLoadError: There is no such model, or it lacks other weights than the score head.
    """
    if team is None or team.size == 1:
        return _whole_scorer(model, torch.float32)
    scorer, tokenizer = _empty_scorer(model)
    team.divide(scorer, scorer.layers, _whole_scorer(model, "auto")[0].state_dict() if team.is_first else {})
    return scorer, tokenizer


def _whole_scorer(model: str, dtype: torch.dtype | str) -> tuple[PackedScorer, PreTrainedTokenizerBase]:
    tokenizer = load_tokenizer(model)
    classifier = load_classifier(model, dtype, PACKED_ATTENTION)
    # A score head that is not in the file is drawn: with all digits, whatever type the file has.
    classifier.score.float()
    prepare_tokenizer(tokenizer, classifier)
    return PackedScorer(classifier), tokenizer


def _empty_scorer(model: str) -> tuple[PackedScorer, PreTrainedTokenizerBase]:
    tokenizer = load_tokenizer(model)
    classifier = empty_classifier(model, PACKED_ATTENTION)
    prepare_tokenizer(tokenizer, classifier)
    return PackedScorer(classifier), tokenizer


def add_adapters(scorer: PackedScorer, rank: int) -> Any:  # noqa: ANN401 - peft's LoraModel
    """Freeze the backbone, and add LoRA adapters to its linear layers; adapters and score head are trained."""
    from peft import LoraConfig, LoraModel, TaskType  # not needed by most trainings

    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules="all-linear",
        task_type=TaskType.SEQ_CLS,
        exclude_modules=["score"],
    )
    adapters = LoraModel(scorer.model, config, "default")
    scorer.model.score.weight.requires_grad_(True)
    return adapters


def _start_head_near_zero(scorer: PackedScorer) -> None:
    # A large random head would first have to be unlearnt. A head of zeros would give the backbone no gradient.
    weight = scorer.model.score.weight
    torch.nn.init.normal_(weight, std=0.1 / math.sqrt(weight.shape[1]))


class _TrainingLoop:
    """The training loop of one process: steps, checkpoints and totals."""

    def __init__(
        self,
        scorer: PackedScorer,
        groups: Sequence[PreferenceGroup],
        settings: RewardModelSettings,
        team: Team,
    ) -> None:
        self._scorer = scorer
        self._groups = groups
        self._settings = settings
        self._team = team
        self._optimizer = torch.optim.AdamW(
            scorer.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.98),
            fused=True,
        )
        self._steps_per_epoch = steps_per_epoch(len(groups), settings.prompts_per_step)
        self._total_steps = settings.epochs * self._steps_per_epoch
        self._seconds = 0.0
        self._tokens = 0
        spared = [scorer.model.get_input_embeddings(), scorer.last_feed_forward or torch.nn.Identity()]
        idle = {id(each) for module in spared for each in module.parameters()}
        weights = [each for each in scorer.parameters() if id(each) not in idle]
        # Per weight and token: 2 for the forward pass, 2 for the backward pass, 2 for the gradient of a trained weight.
        # The products of attention are not counted.
        self._flops_per_token = sum((6 if each.requires_grad else 4) * each.numel() for each in weights)
        self._peak_flops = team.size * measured_peak_flops(settings.precision, team.device)

    def totals(self) -> dict[str, float]:
        """Return the steps, and the seconds and packed tokens since this call began."""
        return {"steps": self._total_steps, "train_seconds": self._seconds, "train_tokens": self._tokens}

    def run(self, work: Path, progress: Progress) -> None:
        done, _ = read_state(work, self._scorer, self._optimizer, self._team)
        for epoch in range(self._settings.epochs):
            first_step = epoch * self._steps_per_epoch + 1
            steps = steps_of_epoch(self._groups, self._settings.prompts_per_step, self._settings.seed, epoch)
            for step, groups in enumerate(steps, start=first_step):
                if step <= done:
                    continue
                figures = self._step(step, groups)
                if step % self._settings.checkpoint_every == 0 and step < self._total_steps:
                    write_state(work, step, self._scorer, self._optimizer, self._team)
                progress(step, self._total_steps, figures)

    def _step(self, step: int, groups: Sequence[PreferenceGroup]) -> dict[str, float]:
        started = time.perf_counter()
        own: list[tuple[float, int, int, int]] = []
        for forward in score_pairs(self._scorer, groups, self._settings, self._team):
            # Gradients become the mean over processes, but the step needs their sum.
            (forward.loss * self._team.size).backward()
            right = int((forward.margins > 0).sum())
            own.append((forward.loss.item(), right, forward.margins.numel(), forward.tokens))
        every = [figures for part in self._team.gather(own) for figures in part]
        loss, right, pairs, tokens = (sum(column) for column in zip(*every, strict=True))
        norm = _number(torch.nn.utils.clip_grad_norm_(self._scorer.parameters(), self._settings.max_gradient_norm))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise DivergedError(
                f"Reward-model training diverged at step {step} of {self._total_steps}: the loss is {loss}, the "
                f"norm of its gradient {norm}. Lower learning_rate, or set precision to 'float32'."
            )
        for parameters in self._optimizer.param_groups:
            parameters["lr"] = self._learning_rate(step)
        self._optimizer.step()
        self._optimizer.zero_grad()
        seconds = time.perf_counter() - started
        self._seconds += seconds
        self._tokens += tokens
        return {
            "loss": loss,
            "pair_accuracy": right / pairs,
            "tokens_per_second": tokens / seconds,
            "flops_share": tokens / seconds * self._flops_per_token / self._peak_flops,
            "gradient_norm": norm,
        }

    def _learning_rate(self, step: int) -> float:
        """Return the rate of a step: linear warm-up, then a cosine to zero, as in the paper."""
        warmup = self._settings.warmup_fraction * self._total_steps
        if step <= warmup:
            return self._settings.learning_rate * step / warmup
        remaining = (step - warmup) / max(1.0, self._total_steps + 1 - warmup)
        return self._settings.learning_rate * 0.5 * (1 + math.cos(math.pi * remaining))


def _number(value: torch.Tensor) -> float:
    return float(value.full_tensor() if isinstance(value, DTensor) else value)


def evaluate(
    scorer: PackedScorer, groups: Sequence[PreferenceGroup], settings: RewardModelSettings, team: Team
) -> dict[str, float]:
    """Return pair accuracy, loss, and mean and standard deviation of the scores on groups that were not trained on.

    A tie counts as wrong. Every distinct program counts once in mean and standard deviation.
    """
    scorer.eval()
    with torch.no_grad():
        own = [
            (forward.loss.item(), forward.scores.cpu(), forward.margins.cpu(), forward.pairs)
            for forward in score_pairs(scorer, groups, settings, team)
        ]
    scorer.train()
    losses, scored, margins, pairs = zip(*(forward for part in team.gather(own) for forward in part), strict=True)
    right = (torch.cat(margins) > 0).float()
    by_question = torch.stack([part.mean() for part in right.split([count for some in pairs for count in some])])
    scores = torch.cat(scored)
    return {
        "validation_pair_accuracy": right.mean().item(),
        "validation_pair_accuracy_by_question": by_question.mean().item(),
        "validation_loss": sum(losses),
        "validation_questions": len(groups),
        "validation_pairs": right.numel(),
        "calibration_mean": scores.mean().item(),
        "calibration_std": scores.std(correction=0).item(),
    }
