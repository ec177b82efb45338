"""Estimated against measured memory: `python -m benchmarks.memory`.

Models of three sizes, from scratch, are trained for two steps by the project's own trainings, as reward models and by
reinforcement. What their processes took is compared with what `acecoder plan` would have said. The command fails when
an estimate is more than 15% off.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.learning.memory.devices import Devices
from acecoder_dagster.learning.memory.estimate import estimate
from acecoder_dagster.learning.memory.trainings import PolicyTraining, RewardModelTraining, TextLengths, Training
from acecoder_dagster.learning.training.settings import ScratchModelSettings
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.memory.step import Case, Kind

REPORT = Path(__file__).with_name("results.md")
ALLOWED = 0.15
MB = 1e6
KINDS: tuple[Kind, ...] = ("reward model", "policy")
SIZES = {
    "5M": ScratchModelSettings(
        vocabulary_size=2_048, hidden_size=256, layers=6, attention_heads=4, feed_forward_size=704, context_length=512
    ),
    "30M": ScratchModelSettings(
        vocabulary_size=2_048, hidden_size=512, layers=9, attention_heads=8, feed_forward_size=1_408, context_length=512
    ),
    "130M": ScratchModelSettings(
        vocabulary_size=2_048,
        hidden_size=1_024,
        layers=10,
        attention_heads=16,
        feed_forward_size=2_816,
        context_length=512,
    ),
}
# Tokens of prompts and programs, and prompts of a forward pass: so that a training takes about a minute.
LENGTHS: dict[tuple[Kind, str], tuple[int, int]] = {("reward model", "5M"): (64, 2)}
SHORT = (32, 1)
# Memory that is freed goes back to the kernel at once, so that resident memory is what is in use.
ENVIRONMENT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}


def main(
    size: Annotated[list[str] | None, typer.Option(help="5M, 30M, 130M; all when left out.")] = None,
    report: ReportPath = REPORT,
) -> None:
    """Estimate, train, compare, write the report."""
    lines = [
        "# Memory of trainings: estimated and measured",
        "",
        f"`python -m benchmarks.memory`: {describe_machine()}, one thread, float32. Measured is the greatest resident "
        "memory of the process, minus what it has before the training. Estimated is what `acecoder plan` says for its "
        "tensors, without what it adds for the process.",
        "",
        "| training | model | checkpointing | estimated MB | measured MB | off by | greatest in |",
        "|---|---|---|---|---|---|---|",
    ]
    worst = 0.0
    for name, case in _cases(size or list(SIZES)):
        needed = estimate(training_of(case), Devices(1, 1e12, are_gpus=False))
        measured = _measured(case)
        off = needed.tensors / measured - 1
        worst = max(worst, abs(off))
        checkpointing = "yes" if case.gradient_checkpointing else "no"
        lines.append(
            f"| {case.kind} | {name} | {checkpointing} | {needed.tensors / MB:,.0f} | {measured / MB:,.0f} | "
            f"{off:+.1%} | {needed.phase} |"
        )
        typer.echo(lines[-1])
    lines += ["", f"The worst estimate is off by {worst:.1%}; allowed are {ALLOWED:.0%}."]
    write_report(report, lines)
    sys.exit(worst > ALLOWED)


def _cases(sizes: list[str]) -> Iterator[tuple[str, Case]]:
    for size in sizes:
        for kind in KINDS:
            for checkpointing in (False, True) if (kind, size) in LENGTHS else (False,):
                yield size, case_of(size, kind, gradient_checkpointing=checkpointing)


def case_of(size: str, kind: Kind, *, gradient_checkpointing: bool) -> Case:
    """Return the training of a size."""
    tokens, prompts = LENGTHS.get((kind, size), SHORT)
    return Case(
        kind=kind,
        model=SIZES[size],
        prompt=tokens,
        completion=tokens,
        programs_per_prompt=4,
        per_forward=prompts,
        gradient_checkpointing=gradient_checkpointing,
    )


def training_of(case: Case) -> Training:
    """Return what `acecoder plan` estimates, with the lengths of a case instead of typical ones."""
    lengths = TextLengths(case.prompt, case.completion)
    if case.kind == "policy":
        settings = case.policy_settings
        return PolicyTraining(
            model=case.model,
            rows_per_forward=settings.rows_per_forward,
            rows_per_generation=settings.prompts_per_step * settings.completions_per_prompt,
            lengths=lengths,
            completions_per_prompt=settings.completions_per_prompt,
            precision=settings.precision,
            generation=settings.generation,
            has_reference=True,
            gradient_checkpointing=settings.gradient_checkpointing,
        )
    how = case.reward_model_settings
    return RewardModelTraining(
        model=case.model,
        tokens_per_forward=how.tokens_per_forward,
        lengths=lengths,
        programs_per_prompt=case.programs_per_prompt,
        longest_text=how.max_tokens,
        precision=how.precision,
        gradient_checkpointing=how.gradient_checkpointing,
    )


def _measured(case: Case) -> int:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.json"
        file.write_text(case.model_dump_json())
        command = [sys.executable, "-m", "benchmarks.memory.step", str(file)]
        done = subprocess.run(command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])
