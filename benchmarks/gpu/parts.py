"""What is measured: training a reward model, steps of reinforcement, sampling. Each with a model that is there."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import polars as pl

from acecoder_dagster.learning.memory.trainings import PolicyTraining, RewardModelTraining, TextLengths, Training
from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.training.settings import PolicySettings, RewardModelSettings
from benchmarks.gpu.models import CONTEXT, Shape, text

PROGRAMS = 8
"""For each prompt."""

WARMING_UP = 1
"""First steps that are not counted."""


@dataclass(frozen=True)
class Figures:
    """What a part took.

    Attributes:
        tokens_per_second: Of all GPUs together: trained on, or written where the part samples.
        flops_share: Share of the floating-point operations that large products of matrices reach on the same GPUs; None
            where it was not measured.
        phases: Seconds of each phase of a step.
        training: What was estimated; None where the part trains nothing.
        peak: Most bytes that torch had of the first GPU; None without one.
    """

    tokens_per_second: float
    flops_share: float | None = None
    phases: dict[str, float] | None = None
    training: Training | None = None
    peak: int | None = None


def train_a_reward_model(model: Path, shape: Shape, folder: Path, steps: int, processes: int) -> Figures:
    """Train a reward model on pairs of random programs for some steps."""
    from acecoder_dagster.learning.reward_model.training import train_reward_model

    settings = RewardModelSettings(
        prompts_per_step=shape.prompts,
        max_tokens=2 * shape.text,
        tokens_per_forward=max(16_384, 2 * shape.text),
        validation_fraction=1e-6,
        gradient_checkpointing=True,
        checkpoint_every=steps + 1,
        processes=processes,
    )
    losers = list(range(1, PROGRAMS))
    rows = [
        {
            "question_id": f"q{number}",
            "prompt": text(number, shape.text),
            "programs": [text(place, shape.text - 1) for place in range(PROGRAMS)],
            "chosen": [0 for _ in losers],
            "rejected": losers,
            "weights": [1.0 for _ in losers],
            "margins": [1.0 for _ in losers],
        }
        for number in range(shape.prompts * steps + 1)
    ]
    groups = folder / "groups.parquet"
    pl.DataFrame(rows).write_parquet(groups)
    told: list[dict[str, float]] = []
    _forget_peak()
    train_reward_model(
        groups, str(model), folder / "reward_model", settings, lambda _, __, figures: told.append(figures), "plain"
    )
    counted = told[WARMING_UP:]
    estimated = RewardModelTraining(
        model=str(model),
        tokens_per_forward=settings.tokens_per_forward,
        lengths=TextLengths(shape.text, shape.text),
        programs_per_prompt=PROGRAMS,
        longest_text=settings.max_tokens,
        precision=settings.precision,
        gradient_checkpointing=True,
        processes=processes,
    )
    return Figures(
        tokens_per_second=fmean(each["tokens_per_second"] for each in counted),
        flops_share=fmean(each["flops_share"] for each in counted),
        training=estimated,
        peak=_peak(),
    )


def reinforce(model: Path, shape: Shape, folder: Path, steps: int, processes: int) -> Figures:
    """Make some steps of reinforcement, with vLLM where there is a GPU, and with a judge that takes no time."""
    from acecoder_dagster.learning.policy.training import train_policy

    settings = PolicySettings(
        algorithm="reinforce_pp",
        kl_coefficient=0.01,
        steps=steps,
        prompts_per_step=shape.prompts,
        completions_per_prompt=PROGRAMS,
        max_completion_tokens=2 * shape.text,
        rows_per_forward=PROGRAMS,
        gradient_checkpointing=True,
        generation="vllm_colocate" if _has_gpu() else "transformers",
        validate_every=steps + 1,
        validation_completions=1,
        checkpoint_every=steps + 1,
        processes=processes,
    )
    asked = range(shape.prompts * steps + processes)
    questions = folder / "questions.parquet"
    pl.DataFrame(
        {
            "question_id": [f"q{number}" for number in asked],
            "split": ["train" if number < shape.prompts * steps else "validation" for number in asked],
            "prompt": [text(number, shape.text) for number in asked],
        }
    ).write_parquet(questions)
    told: list[dict[str, float]] = []
    _forget_peak()
    train_policy(
        str(model),
        questions,
        "rule",
        judge_programs=_judge_by_length,
        extract_program=str.strip,
        reward_model=None,
        output=folder / "policy",
        settings=settings,
        progress=lambda _, __, figures: told.append(figures),
    )
    counted = told[WARMING_UP:]
    phases = {phase: fmean(each[f"seconds_{phase}"] for each in counted) for phase in ("generate", "reward", "train")}
    rows = shape.prompts * PROGRAMS
    tokens = fmean(rows * each["completion_tokens"] + shape.prompts * shape.text for each in counted)
    estimated = PolicyTraining.of(str(model), settings, CONTEXT, None, processes)
    return Figures(tokens / sum(phases.values()), phases=phases, training=estimated, peak=_peak())


def sample(model: Path, shape: Shape, folder: Path) -> Figures:
    """Sample programs with an engine on every GPU: few and many, so that the time in which engines start falls out."""
    from acecoder_dagster.learning.sampling import EngineSettings, SamplingJob, SamplingSettings
    from acecoder_dagster.learning.sampling.replicas import sample_on_replicas

    sampling = SamplingSettings(
        programs_per_question=PROGRAMS,
        temperature=1.0,
        max_tokens=2 * shape.text,
        engine=EngineSettings(max_model_len=CONTEXT),
    )
    tokens, seconds = [], []
    for times in (1, 5):
        numbers = range(times * shape.prompts)
        prompts = folder / f"prompts-{times}.parquet"
        asked = {"question_id": [f"q{number}" for number in numbers]}
        pl.DataFrame({**asked, "prompt": [text(number, shape.text) for number in numbers]}).write_parquet(prompts)
        started = time.perf_counter()
        job = SamplingJob(str(model), prompts, folder / f"completions-{times}.parquet")
        figures = sample_on_replicas([job], sampling, 0, lambda *_: None)
        seconds.append(time.perf_counter() - started)
        tokens.append(figures["completion_tokens"])
    return Figures((tokens[1] - tokens[0]) / (seconds[1] - seconds[0]))


def _judge_by_length(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
    for program in programs:
        yield program, Judgement(float(len(program[1]) % 2), None, ("passed",), (True,))


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def _forget_peak() -> None:
    import torch

    if _has_gpu():
        torch.cuda.reset_peak_memory_stats()


def _peak() -> int | None:
    import torch

    return int(torch.cuda.max_memory_allocated()) if _has_gpu() else None
