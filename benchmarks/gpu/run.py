"""What real sizes take on the GPUs of this machine: `python -m benchmarks.gpu`.

Models with random weights, in the shapes of Qwen2.5, are trained as reward models, trained by reinforcement with vLLM
on the same GPUs, and sampled with. What does not fit is left out. Neither weights nor a network are needed. `--tiny`
does the same with a tiny model on a CPU, to see that the script runs, and writes no report.
"""

import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.learning.memory.check import gigabytes
from acecoder_dagster.learning.memory.devices import Devices, devices_here
from acecoder_dagster.learning.memory.estimate import estimate
from benchmarks.common.apart import apart
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.gpu.models import SHAPES, write_model
from benchmarks.gpu.parts import (
    Figures,
    Task,
    policy_training,
    reinforce,
    reward_model_training,
    sample,
    train_a_reward_model,
    train_a_reward_model_by_trl,
)

REPORT = Path(__file__).with_name("results.md")
SIZES = ("0.5B", "1.5B", "7B")
PARTS: dict[str, Callable[[Task], Figures]] = {
    "reward model": train_a_reward_model,
    "reward model by TRL": train_a_reward_model_by_trl,
    "reinforcement": reinforce,
    "sampling": sample,
}
ESTIMATED = {"reward model": reward_model_training, "reinforcement": policy_training}
HOW = """Random weights in the shapes of Qwen2.5; prompts of 512 tokens, 8 programs for each, of 512 tokens (in
reinforcement and sampling: on average, at most 1,024); 64 prompts a step, 16 with 7B. Trainings are in bfloat16 over
float32 weights and compute activations twice, which the share of peak does not count. Peak is what a large product of
matrices reaches on the same GPUs. Memory is that of the first GPU: what torch had at most, beside what `acecoder plan`
says for its tensors. TRL's RewardTrainer trains on the pairs of one prompt a step, on one GPU; a text that stands in
several pairs is counted once, as in ours. The first step is not counted, nor is the start of vLLM."""
COLUMNS = (
    *("what", "model", "tokens per second", "share of peak", "seconds of a step"),
    *("measured memory", "estimated memory", "attention"),
)


def main(
    size: Annotated[list[str] | None, typer.Option(help=f"{', '.join(SIZES)}; all when left out.")] = None,
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all when left out.")] = None,
    steps: Annotated[int, typer.Option(min=2, help="Steps of each training.")] = 4,
    tiny: Annotated[bool, typer.Option("--tiny", help="A tiny model, also without a GPU; no report.")] = False,
    report: ReportPath = REPORT,
) -> None:
    """Measure, print, and write the report."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    devices = apart(devices_here)
    if not tiny and not devices.are_gpus:
        typer.echo("There is no GPU here: nothing was measured, and the report is as it was. Try --tiny.", err=True)
        raise typer.Exit(1)
    lines = [
        "# Real sizes on GPUs",
        "",
        f"`python -m benchmarks.gpu {shlex.join(sys.argv[1:])}`; {devices}; {describe_machine()}.",
        "",
        HOW,
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for name in ["tiny"] if tiny else size or SIZES:
        for row in measure(name, part or list(PARTS), steps, devices):
            typer.echo(row)
            lines.append(row)
    if not tiny:
        write_report(report, lines)


def measure(size: str, parts: Sequence[str], steps: int, devices: Devices) -> list[str]:
    """Return a row of the report for each part, measured with a model of this size."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        apart(write_model, SHAPES[size], model)
        task = Task(model, SHAPES[size], Path(folder), steps, devices.count)
        return [f"| {part} | {size} | {_measured(part, task, devices)} |" for part in parts]


def _measured(part: str, task: Task, devices: Devices) -> str:
    needed = estimate(ESTIMATED[part](task), devices) if part in ESTIMATED else None
    if needed is not None and not needed.fits(devices):
        return f"does not fit: {gigabytes(needed.total)} on each device | | | | |"
    figures = apart(PARTS[part], task)
    return " | ".join(
        (
            f"{figures.tokens_per_second:,.0f}",
            "" if figures.flops_share is None else f"{figures.flops_share:.1%}",
            ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in (figures.phases or {}).items()),
            "" if figures.peak is None else gigabytes(figures.peak),
            "" if needed is None else gigabytes(needed.tensors),
            ", ".join(figures.attention or ()),
        )
    )
