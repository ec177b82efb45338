"""Who trains a reward model on the same pairs: ours and TRL's RewardTrainer, each in a process of its own."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder_dagster.learning.training.settings import RewardModelSettings, ScratchModelSettings

TRL_PAIRS_PER_FORWARD = 4
MODEL = "model"
GROUPS = "groups.parquet"


@dataclass(frozen=True)
class Effort:
    """What an epoch took; memory is the peak above what libraries and model took before."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def train_ours(folder: Path, scratch: ScratchModelSettings, settings: RewardModelSettings) -> Effort:
    """Write the model that both start from, then train as the asset does.

    Reading, tokenising, loading, validating and writing are included.
    """
    from acecoder_dagster.learning.reward_model.training import load_scorer, train_reward_model
    from acecoder_dagster.learning.training.scratch import create_scratch_model

    create_scratch_model(["0123456789"], folder / MODEL, scratch)
    load_scorer(str(folder / MODEL))  # imports what training needs
    return _watch(
        lambda: train_reward_model(
            folder / GROUPS, str(folder / MODEL), folder / "ours", settings, lambda *_: None, "plain"
        )
    )


def train_trl(folder: Path, settings: RewardModelSettings) -> tuple[Effort, float]:
    """Train with TRL, everything prepared; also compare gradients, see `_gradient_difference`."""
    return _watch(_trl_trainer(folder, settings).train), _gradient_difference(folder, settings)


def _gradient_difference(folder: Path, settings: RewardModelSettings) -> float:
    """Norm of the difference between our gradient and TRL's on the pairs of one step, over the norm of TRL's."""
    import torch

    from acecoder_dagster.learning.reward_model.bradley_terry import score_pairs
    from acecoder_dagster.learning.reward_model.training import load_scorer
    from acecoder_dagster.learning.training.team import Team

    groups = _training_groups(folder, settings)[: settings.prompts_per_step]
    scorer, _ = load_scorer(str(folder / MODEL))
    torch.manual_seed(settings.seed)
    torch.nn.init.normal_(scorer.model.score.weight, std=0.02)
    for forward in score_pairs(scorer, groups, settings, Team()):
        forward.loss.backward()

    trainer = _trl_trainer(folder, settings)
    trainer.model.load_state_dict(scorer.model.state_dict())
    rows = _pair_rows(groups)
    for start in range(0, len(rows), TRL_PAIRS_PER_FORWARD):
        some = rows[start : start + TRL_PAIRS_PER_FORWARD]
        loss = trainer.compute_loss(trainer.model, trainer.data_collator(some))
        (loss * len(some) / len(rows)).backward()
    plain = dict(trainer.model.named_parameters())
    apart = whole = 0.0
    for name, parameter in scorer.model.named_parameters():
        apart += float((parameter.grad - plain[name].grad).double().square().sum())
        whole += float(plain[name].grad.double().square().sum())
    return math.sqrt(apart / whole)


def _trl_trainer(folder: Path, settings: RewardModelSettings) -> Any:  # noqa: ANN401 - torch is not typed here
    import torch
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    from acecoder_dagster.learning.pretrained import load_classifier, load_tokenizer

    torch.set_num_threads(settings.threads or torch.get_num_threads())
    groups = _training_groups(folder, settings)
    rows = _pair_rows(groups)
    pairs_per_step = len(rows) / len(groups) * settings.prompts_per_step
    arguments = RewardConfig(
        output_dir=str(folder / "trl"),
        num_train_epochs=1,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=TRL_PAIRS_PER_FORWARD,
        gradient_accumulation_steps=max(1, round(pairs_per_step / TRL_PAIRS_PER_FORWARD)),
        train_sampling_strategy="group_by_length",
        remove_unused_columns=False,
        max_length=None,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        save_strategy="no",
        logging_steps=1_000,
        report_to="none",
        disable_tqdm=True,
    )
    return RewardTrainer(
        model=load_classifier(folder / MODEL),
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=load_tokenizer(folder / MODEL),
    )


def _training_groups(folder: Path, settings: RewardModelSettings) -> list[Any]:
    """The groups that ours trains on, without those it validates on."""
    from acecoder_dagster.learning.pretrained import load_tokenizer
    from acecoder_dagster.learning.reward_model.groups import read_groups, split_by_question

    groups, _ = read_groups(folder / GROUPS, load_tokenizer(folder / MODEL), settings.max_tokens)
    return split_by_question(groups, settings.validation_fraction, settings.seed)[0]


def _pair_rows(groups: list[Any]) -> list[dict[str, Any]]:
    rows = []
    for group in groups:
        texts = [[*group.packed.prompt, *program] for program in group.packed.programs]
        for pair in group.pairs:
            row = {"chosen_ids": texts[pair.chosen], "rejected_ids": texts[pair.rejected]}
            rows.append(row | {"length": max(map(len, row.values()))})
    return rows


def _watch(work: Callable[[], object]) -> Effort:
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _memory_kb("VmRSS")
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Effort(cpu, wall, (_memory_kb("VmHWM") - before) / 1024)


def _memory_kb(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
