"""What is measured: training a reward model (also by TRL), reinforcement, sampling. Each with a model that is there."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import polars as pl

from acecoder_dagster.learning.memory.trainings import PolicyTraining, RewardModelTraining, TextLengths
from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.training.settings import PolicySettings, RewardModelSettings
from benchmarks.gpu.models import CONTEXT, Shape, text

PROGRAMS = 8
"""For each prompt."""

WARMING_UP = 1
"""First steps that are not counted."""


@dataclass(frozen=True)
class Task:
    """What a part is given.

    Attributes:
        model: Folder of the model.
        shape: Its sizes and those of texts.
        folder: Where files may be written.
        steps: Of a training.
        processes: Of a training, which divide the model among themselves.
    """

    model: Path
    shape: Shape
    folder: Path
    steps: int
    processes: int


@dataclass(frozen=True)
class Figures:
    """What a part took.

    Attributes:
        tokens_per_second: Of all GPUs together: trained on, or written where the part samples.
        flops_share: Share of the floating-point operations that large products of matrices reach on the same GPUs; None
            where it was not measured.
        phases: Seconds of each phase of a step.
        peak: Most bytes that torch had of the first GPU; None without one.
        attention: The operators of torch that compute attention; None where they were not looked at.
    """

    tokens_per_second: float
    flops_share: float | None = None
    phases: dict[str, float] | None = None
    peak: int | None = None
    attention: tuple[str, ...] | None = None


def reward_model_training(task: Task) -> RewardModelTraining:
    """Return what is known of the training of a reward model before it begins."""
    training = RewardModelTraining.of(str(task.model), _reward_model_settings(task), task.processes)
    return replace(training, lengths=TextLengths(task.shape.text, task.shape.text), programs_per_prompt=PROGRAMS)


def policy_training(task: Task) -> PolicyTraining:
    """Return what is known of reinforcement before it begins."""
    return PolicyTraining.of(str(task.model), _policy_settings(task), CONTEXT, None, task.processes)


def train_a_reward_model(task: Task) -> Figures:
    """Train a reward model on pairs of random programs."""
    from acecoder_dagster.learning.reward_model.training import train_reward_model

    shape = task.shape
    settings = _reward_model_settings(task)
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
        for number in range(shape.prompts * task.steps + 1)
    ]
    groups = task.folder / "groups.parquet"
    pl.DataFrame(rows).write_parquet(groups)
    told: list[dict[str, float]] = []
    _forget_peak()
    train_reward_model(
        groups,
        str(task.model),
        task.folder / "reward_model",
        settings,
        lambda _, __, figures: told.append(figures),
        "plain",
    )
    counted = told[WARMING_UP:]
    return Figures(
        tokens_per_second=fmean(each["tokens_per_second"] for each in counted),
        flops_share=fmean(each["flops_share"] for each in counted),
        peak=_peak(),
        attention=_attention_operators(task),
    )


def train_a_reward_model_by_trl(task: Task) -> Figures:
    """Train a reward model on such pairs with TRL's RewardTrainer, in one process.

    Its tokens are counted as ours are: a prompt once for all its programs, and a program once for all its pairs.
    """
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import RewardConfig, RewardTrainer

    from acecoder_dagster.learning.pretrained import load_classifier, load_tokenizer
    from acecoder_dagster.learning.prompt_tokens import encode_prompts
    from acecoder_dagster.learning.reward_model.template import encode_programs

    length = task.shape.text
    tokenizer = load_tokenizer(task.model)
    prompts = encode_prompts(tokenizer, [text(number, length) for number in range(task.steps)])
    winner, *losers = encode_programs(tokenizer, [text(place, length - 1) for place in range(PROGRAMS)])
    rows = [{"chosen_ids": prompt + winner, "rejected_ids": prompt + loser} for prompt in prompts for loser in losers]
    arguments = RewardConfig(
        output_dir=str(task.folder / "trl"),
        max_steps=task.steps,
        per_device_train_batch_size=len(losers),
        max_length=None,
        gradient_checkpointing=True,
        bf16=True,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        use_cpu=not _has_gpu(),
    )
    ends: list[float] = []

    class StepEnds(TrainerCallback):  # type: ignore[misc]  # transformers is not followed by mypy
        def on_step_end(self, *_: object, **__: object) -> None:
            ends.append(time.perf_counter())

    trainer = RewardTrainer(
        model=load_classifier(task.model),
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    trainer.add_callback(StepEnds())
    _forget_peak()
    trainer.train()
    seconds = (ends[-1] - ends[WARMING_UP - 1]) / (task.steps - WARMING_UP)
    tokens = len(prompts[0]) + len(winner) + sum(map(len, losers))
    return Figures(tokens / seconds, peak=_peak())


def reinforce(task: Task) -> Figures:
    """Make some steps of reinforcement, with vLLM where there is a GPU, and with a judge that takes no time."""
    from acecoder_dagster.learning.policy.training import train_policy

    shape, settings = task.shape, _policy_settings(task)
    asked = range(shape.prompts * task.steps + task.processes)
    questions = task.folder / "questions.parquet"
    pl.DataFrame(
        {
            "question_id": [f"q{number}" for number in asked],
            "split": ["train" if number < shape.prompts * task.steps else "validation" for number in asked],
            "prompt": [text(number, shape.text) for number in asked],
        }
    ).write_parquet(questions)
    told: list[dict[str, float]] = []
    _forget_peak()
    train_policy(
        str(task.model),
        questions,
        "rule",
        judge_programs=_judge_by_length,
        extract_program=str.strip,
        reward_model=None,
        output=task.folder / "policy",
        settings=settings,
        progress=lambda _, __, figures: told.append(figures),
    )
    counted = told[WARMING_UP:]
    phases = {phase: fmean(each[f"seconds_{phase}"] for each in counted) for phase in ("generate", "reward", "train")}
    rows = shape.prompts * PROGRAMS
    tokens = fmean(rows * each["completion_tokens"] + shape.prompts * shape.text for each in counted)
    return Figures(tokens / sum(phases.values()), phases=phases, peak=_peak())


def sample(task: Task) -> Figures:
    """Sample programs with an engine on every GPU: few and many, so that the time in which engines start falls out."""
    from acecoder_dagster.learning.sampling import EngineSettings, SamplingJob, SamplingSettings
    from acecoder_dagster.learning.sampling.replicas import sample_on_replicas

    shape = task.shape
    sampling = SamplingSettings(
        programs_per_question=PROGRAMS,
        temperature=1.0,
        max_tokens=2 * shape.text,
        engine=EngineSettings(max_model_len=CONTEXT),
    )
    tokens, seconds = [], []
    for times in (1, 5):
        numbers = range(times * shape.prompts)
        prompts = task.folder / f"prompts-{times}.parquet"
        asked = {"question_id": [f"q{number}" for number in numbers]}
        pl.DataFrame({**asked, "prompt": [text(number, shape.text) for number in numbers]}).write_parquet(prompts)
        started = time.perf_counter()
        job = SamplingJob(str(task.model), prompts, task.folder / f"completions-{times}.parquet")
        figures = sample_on_replicas([job], sampling, 0, lambda *_: None)
        seconds.append(time.perf_counter() - started)
        tokens.append(figures["completion_tokens"])
    return Figures((tokens[1] - tokens[0]) / (seconds[1] - seconds[0]))


def _reward_model_settings(task: Task) -> RewardModelSettings:
    return RewardModelSettings(
        prompts_per_step=task.shape.prompts,
        max_tokens=2 * task.shape.text,
        tokens_per_forward=max(16_384, 2 * task.shape.text),
        validation_fraction=1e-6,
        gradient_checkpointing=True,
        checkpoint_every=task.steps + 1,
        processes=task.processes,
    )


def _policy_settings(task: Task) -> PolicySettings:
    return PolicySettings(
        algorithm="reinforce_pp",
        kl_coefficient=0.01,
        prompts_per_step=task.shape.prompts,
        completions_per_prompt=PROGRAMS,
        max_completion_tokens=2 * task.shape.text,
        rows_per_forward=PROGRAMS,
        gradient_checkpointing=True,
        generation="vllm_colocate" if _has_gpu() else "transformers",
        steps=task.steps,
        validate_every=task.steps + 1,
        validation_completions=1,
        checkpoint_every=task.steps + 1,
        processes=task.processes,
    )


def _attention_operators(task: Task) -> tuple[str, ...]:
    """Return the operators of torch that compute attention while a reward model scores."""
    import torch

    from acecoder_dagster.learning.reward_model.scoring import RewardScorer

    scorer = RewardScorer(task.folder / "reward_model")
    length = task.shape.text
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        scorer.score([(text(0, length), text(place, length - 1)) for place in range(PROGRAMS)])
    return tuple(
        sorted({each.key for each in profiler.key_averages() if "attn" in each.key or "attention" in each.key})
    )


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
