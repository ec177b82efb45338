"""How fast reward models are trained beside TRL: `python -m benchmarks.reward_model`.

Both train on the same pairs, with the same loss and as many pairs per optimiser step, one after the other. The report
is benchmarks/reward_model/results.md.
"""

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.learning.training.settings import RewardModelSettings, ScratchModelSettings
from benchmarks.common.apart import apart
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.reward_model.pairs import SHAPES, PairShape, write_pair_groups
from benchmarks.reward_model.trainers import GROUPS, train_ours, train_trl

REPORT = Path(__file__).with_name("results.md")
HOW = """One epoch over pairs by the paper's rule among 16 programs per prompt, prompts and programs of 160 tokens on
average (random digits), in float32, from a new model of {layers} layers of {hidden}. TRL's RewardTrainer at its best:
pairs already tokenised, grouped by length, four at a time, accumulated to the same number of pairs per optimiser step.
Ours is `train_reward_model` as a whole: reading, tokenising, loading, validation on one question and writing included.
Memory is the peak above what libraries (and TRL's model) took before. The gradients are those of the pairs of one step:
norm of their difference over the norm of TRL's."""
TRAINING = RewardModelSettings(
    epochs=1,
    prompts_per_step=4,
    tokens_per_forward=4_096,
    learning_rate=1e-4,
    average_loss_over="pairs",
    centre_coefficient=0,
    precision="float32",
    checkpoint_every=1_000_000,
    # One question: the least that training asks for.
    validation_fraction=1e-6,
)


def main(
    prompts: Annotated[int, typer.Option(min=4, help="Prompts with pairs in an epoch.")] = 96,
    hidden: Annotated[int, typer.Option(help="Width of the model; heads have 64.")] = 192,
    layers: Annotated[int, typer.Option(help="Its layers.")] = 4,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of torch.")] = 1,
    report: ReportPath = REPORT,
) -> None:
    """Measure, print, and write the report."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    scratch = ScratchModelSettings(
        hidden_size=hidden, layers=layers, attention_heads=hidden // 64, context_length=TRAINING.max_tokens
    )
    settings = TRAINING.model_copy(update={"threads": threads})
    lines = [
        "# Speed of reward-model training",
        "",
        f"`python -m benchmarks.reward_model {shlex.join(sys.argv[1:])}`; {describe_machine()}; {threads} thread(s).",
        "",
        HOW.format(layers=layers, hidden=hidden),
        "",
        "| pairs per prompt | pairs | who | CPU s | wall s | peak MB | times TRL, by CPU (by clock) | gradient |",
        "|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            lines += measure(Path(folder) / shape.name, shape, prompts, scratch, settings)
    write_report(report, lines)


def measure(
    folder: Path, shape: PairShape, prompts: int, scratch: ScratchModelSettings, settings: RewardModelSettings
) -> list[str]:
    """Return the rows of a shape."""
    folder.mkdir()
    groups = write_pair_groups(folder / GROUPS, shape, prompts + 1)
    ours = apart(train_ours, folder, scratch, settings)
    trl, difference = apart(train_trl, folder, settings)
    pairs = int(groups["chosen"].list.len().sum())
    times = f"{trl.cpu_seconds / ours.cpu_seconds:.1f} ({trl.wall_seconds / ours.wall_seconds:.1f})"
    return [
        f"| {pairs / groups.height:.1f} | {pairs:,} | {who} | {effort.cpu_seconds:.1f} | {effort.wall_seconds:.1f} "
        f"| {effort.peak_mb:,.0f} | {compared} |"
        for who, effort, compared in (("TRL", trl, "|"), ("ours", ours, f"{times} | {difference:.0e} apart"))
    ]
