"""What real sizes take on the GPUs of this machine: `python -m benchmarks.gpu`.

Models with random weights, in the shapes of Qwen2.5, are trained as reward models, trained by reinforcement with vLLM
on the same GPUs, and sampled with. Neither weights nor a network are needed. `--tiny` does the same with a tiny model
on a CPU, to see that the script runs, and writes no report.
"""

import multiprocessing
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from acecoder_dagster.learning.memory.devices import GB, Devices, devices_here
from acecoder_dagster.learning.memory.estimate import estimate
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.gpu.models import SHAPES, write_model
from benchmarks.gpu.parts import Figures, reinforce, sample, train_a_reward_model

REPORT = Path(__file__).with_name("results.md")
SIZES = ("0.5B", "1.5B", "7B")
PARTS = ("reward model", "reinforcement", "sampling")
HOW = """Random weights in the shapes of Qwen2.5; prompts of 512 tokens, 8 programs for each, of 512 tokens (in
reinforcement and sampling: on average, at most 1,024); 64 prompts a step. Trainings are in bfloat16 over float32
weights and compute activations twice, which the share of peak does not count. Peak is what a large product of matrices
reaches on the same GPUs. Memory is that of the first GPU: what torch had at most, beside what `acecoder plan` says for
its tensors. The first step is not counted, nor is the start of vLLM."""


def main(
    size: Annotated[list[str] | None, typer.Option(help=f"{', '.join(SIZES)}; all when left out.")] = None,
    part: Annotated[list[str] | None, typer.Option(help=f"{', '.join(PARTS)}; all when left out.")] = None,
    steps: Annotated[int, typer.Option(min=2, help="Steps of each training.")] = 4,
    tiny: Annotated[bool, typer.Option("--tiny", help="A tiny model, also without a GPU; no report.")] = False,
    report: ReportPath = REPORT,
) -> None:
    """Measure, print, and write the report."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    devices = _apart(devices_here)
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
        "| what | model | tokens per second | share of peak | seconds of a step | measured GB | estimated GB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ["tiny"] if tiny else size or SIZES:
        for row in measure(name, part or PARTS, steps, devices):
            typer.echo(row)
            lines.append(row)
    if not tiny:
        write_report(report, lines)


def measure(size: str, parts: Sequence[str], steps: int, devices: Devices) -> list[str]:
    """Return a row of the report for each part, measured with a model of this size."""
    shape = SHAPES[size]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model"
        _apart(write_model, shape, model)
        rows = []
        for part in parts:
            if part == "sampling":
                figures = _apart(sample, model, shape, folder)
            else:
                train = {"reward model": train_a_reward_model, "reinforcement": reinforce}[part]
                figures = _apart(train, model, shape, folder, steps, devices.count)
            rows.append(_row(part, size, figures, devices))
    return rows


def _row(part: str, size: str, figures: Figures, devices: Devices) -> str:
    share = "" if figures.flops_share is None else f"{figures.flops_share:.1%}"
    phases = ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in (figures.phases or {}).items())
    measured = "" if figures.peak is None else f"{figures.peak / GB:.1f}"
    estimated = "" if figures.training is None else f"{estimate(figures.training, devices).tensors / GB:.2g}"
    return f"| {part} | {size} | {figures.tokens_per_second:,.0f} | {share} | {phases} | {measured} | {estimated} |"


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - the work's own
    """Do work in a process of its own, which gives back the memory of the GPUs when it ends."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()
