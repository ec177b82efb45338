"""Reinforcement learning of a policy, with rewards from executed tests or from a reward model."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl
import torch
from datasets import Dataset
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.trainer_callback import PrinterCallback

from acecoder_dagster.files.model_files import model_identity
from acecoder_dagster.learning.attention import PACKED_ATTENTION
from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.policy.arguments import (
    HALF_PRECISION,
    adapter_config,
    divides_reference,
    policy_processes,
    trainer_arguments,
)
from acecoder_dagster.learning.policy.rewards import BackgroundJudge, JudgePrograms, QuestionScorer, Rewarder
from acecoder_dagster.learning.policy.rollouts import RolloutFiles, unsealed_pass_share
from acecoder_dagster.learning.policy.sampler import PolicySampler
from acecoder_dagster.learning.policy.trainer import PolicyTrainer
from acecoder_dagster.learning.policy.validation import Validation
from acecoder_dagster.learning.pretrained import empty_causal_model, load_causal_model, load_tokenizer
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.reward_model.prompts import REWARD_PROMPT
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.training import HACKING_REPORT_FILE, ROLLOUTS_FILE, VALIDATIONS_FILE
from acecoder_dagster.learning.training.checkpoints import (
    close_work_folder,
    fingerprint,
    last_complete_checkpoint,
    open_work_folder,
)
from acecoder_dagster.learning.training.device import limit_threads, pick_device, prepare_process, wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.training.team import Team, start_team

QUESTION_COLUMNS = ("question_id", "split", "prompt")
"""Columns of the questions, all strings. `split` is `train` or `validation`; questions of other splits are ignored."""


def train_policy(
    policy: str,
    questions_path: Path,
    reward: Literal["rule", "reward_model"],
    *,
    judge_programs: JudgePrograms,
    extract_program: Callable[[str], str],
    reward_model: Path | None,
    output: Path,
    settings: PolicySettings,
    progress: Progress,
    judging: str = "",
) -> dict[str, float]:
    """Train a policy, and write the weights that did best on the validation questions.

    Called again with the same arguments, it goes on from the last checkpoint in `output`.

    Args:
        policy: Address of the causal model to start from.
        questions_path: Parquet with the columns of `QUESTION_COLUMNS`, with a reward model also `REWARD_PROMPT`.
        reward: `rule` (executed tests) or `reward_model`. In both cases, executed tests on the validation questions
            choose the checkpoint and decide when training stops.
        judge_programs: Runs programs against the tests of their questions, while others are being written.
        extract_program: Finds the program in a completion. With several processes, a function of a module.
        reward_model: Folder of the reward model, for that reward.
        output: Folder to write: the policy (it loads with `AutoModelForCausalLM`), `rollouts.parquet` (every rollout,
            columns of `ROLLOUT_SCHEMA`), `validations.parquet` and, after reward hacking, `hacking.md`.
        settings: How to train.
        progress: Called after every step with its figures: reward, pass_rate and pass_at_1 (of judged programs),
            kept_groups, entropy, completion_tokens, seconds of each phase, and those of a validation.
        judging: What else verdicts depend on; a run goes on only where it is the same.

    Returns:
        Figures: steps, best_step (the step whose weights were written), validation_pass_at_1 of that step and at the
        start, rollouts, unsealed_pass_share (of all passes of rollouts) and hacked (1 if there was reward hacking).

    Raises:
        PolicyError: There is no such file or reward model, or the questions do not fit the settings.
        ModelLoadError: The policy or the reward model cannot be loaded.
        RewardModelError: The reward model has no calibration.
        ProcessEndedError: Another process of the training failed or was killed.
    """
    processes = policy_processes(settings)
    _checked_rows(questions_path, QUESTION_COLUMNS)
    if reward == "reward_model" and reward_model is None:
        raise PolicyError("The reward `reward_model` needs a reward model: give its folder.")
    # Checkpoints of one process and of several have different forms.
    models = [model_identity(policy), model_identity(str(reward_model))]
    decides = [*models, reward, settings.model_dump_json(), judging, f"{processes} processes"]
    start = _Start(
        policy=policy,
        questions=questions_path,
        reward_model=reward_model if reward == "reward_model" else None,
        output=output,
        identity=fingerprint(decides, [questions_path]),
        settings=settings,
    )
    with start_team(processes, _train_as_helper, start, extract_program) as team:
        trainer, validation, rollout_files = _train(
            start, team, BackgroundJudge(judge_programs), extract_program, progress
        )
    return _finish(output, trainer.state.global_step // settings.updates_per_step, validation, rollout_files)


@dataclass(frozen=True)
class _Start:
    """What every process of a training begins with."""

    policy: str
    questions: Path
    reward_model: Path | None
    output: Path
    identity: str
    settings: PolicySettings


def _train_as_helper(team: Team, start: _Start, extract_program: Callable[[str], str]) -> None:
    _train(start, team, None, extract_program, lambda *_: None)


def _train(
    start: _Start,
    team: Team,
    judge: BackgroundJudge | None,
    extract_program: Callable[[str], str],
    progress: Progress,
) -> tuple[PolicyTrainer, Validation, RolloutFiles]:
    """Train in one process of a team; the first one has the judge."""
    settings = start.settings
    prepare_process(settings.threads, settings.seed)
    tokenizer = load_tokenizer(start.policy, padding_side="left")
    # Weights that are not trained need no more digits than they are used with.
    dtype = torch.bfloat16 if settings.lora_rank and _computes_in_bfloat16(settings) else torch.float32
    load = load_causal_model if team.is_first else _unwritten_model
    model = load(start.policy, PACKED_ATTENTION, dtype)
    model.generation_config = team.from_first(lambda: model.generation_config)
    train, validation_questions, longest = _read_questions(start.questions, tokenizer, model, settings)
    scorer = _scorer(start.reward_model, start.questions, settings, team) if start.reward_model else None
    rewarder = Rewarder(judge, settings.rule_reward, scorer, settings.rule_weight, team)
    work = team.from_first(lambda: open_work_folder(start.output, start.identity))
    is_sampled_here = settings.generation == "transformers"
    sampler = PolicySampler(model, _end_tokens(model, tokenizer), settings, team) if is_sampled_here else None
    validation = Validation(
        questions=validation_questions,
        rewarder=rewarder,
        tokenizer=tokenizer,
        extract_program=extract_program,
        settings=settings,
        folder=work,
        team=team,
    )
    rollout_files = RolloutFiles(work / "rollouts")
    arguments = trainer_arguments(work, settings, team, longest)
    limit_threads(settings.threads)
    trainer = PolicyTrainer(
        settings=settings,
        team=team,
        rewarder=rewarder,
        extract_program=extract_program,
        sampler=sampler,
        rollout_files=rollout_files,
        validation=validation,
        report=progress,
        reference=_reference(start.policy, model, settings, team) if divides_reference(settings, team) else None,
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(_in_order(train, settings)),
        processing_class=tokenizer,
        peft_config=adapter_config(settings),
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint = team.from_first(lambda: last_complete_checkpoint(work))
    trainer.train(resume_from_checkpoint=str(checkpoint[1]) if checkpoint else None)
    return trainer, validation, rollout_files


def _unwritten_model(policy: str, attention: str, dtype: torch.dtype) -> PreTrainedModel:
    """Return the policy with weights in memory that is never written, and so takes no room.

    accelerate, which puts the parts of the first process's weights in their place, tells weights apart by where they
    are: those of the device `meta` are all in the same place.
    """
    model = empty_causal_model(policy, attention, dtype)
    model._apply(lambda each: torch.empty_like(each, device="cpu") if each.is_meta else each)
    model.tie_weights()
    return model


def _reference(policy: str, whole: PreTrainedModel, settings: PolicySettings, team: Team) -> PreTrainedModel:
    """Return the starting policy once more, divided among several processes; it is whole in the first one."""
    reference = empty_causal_model(policy, PACKED_ATTENTION).requires_grad_(False).eval()
    precision = MixedPrecisionPolicy(**HALF_PRECISION) if _computes_in_bfloat16(settings) else None
    team.divide(reference, reference.base_model.layers, whole.state_dict() if team.is_first else {}, precision)
    return reference


def _computes_in_bfloat16(settings: PolicySettings) -> bool:
    return wants_bfloat16(settings.precision, pick_device())


def _finish(output: Path, steps: int, validation: Validation, rollout_files: RolloutFiles) -> dict[str, float]:
    best_folder, best = validation.best()
    history = validation.history()
    rollouts = rollout_files.merge(steps, output / ROLLOUTS_FILE)
    pl.DataFrame(history).write_parquet(output / VALIDATIONS_FILE)
    shutil.copytree(best_folder, output, dirs_exist_ok=True)
    report = best_folder.parent / HACKING_REPORT_FILE
    is_hacked = report.exists()
    if is_hacked:
        shutil.copy(report, output)
    close_work_folder(output)
    return {
        "steps": steps,
        "best_step": best["step"],
        "validation_pass_at_1": best["validation_pass_at_1"],
        "validation_pass_at_1_at_start": history[0]["validation_pass_at_1"],
        "rollouts": rollouts,
        "unsealed_pass_share": unsealed_pass_share(output / ROLLOUTS_FILE),
        "hacked": float(is_hacked),
    }


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return all tokens that end a completion: the tokenizer's, and those of the model, as an end of turn."""
    declared = model.generation_config.eos_token_id
    ids = declared if isinstance(declared, list) else [declared]
    return sorted({tokenizer.eos_token_id, *(token for token in ids if token is not None)})


def _scorer(reward_model: Path, questions_path: Path, settings: PolicySettings, team: Team) -> QuestionScorer:
    prompts = _checked_rows(questions_path, ("question_id", REWARD_PROMPT))
    return QuestionScorer(RewardScorer(reward_model, settings.scoring, team), dict(prompts.iter_rows()))


def _in_order(questions: list[dict[str, str]], settings: PolicySettings) -> list[dict[str, str]]:
    """Return the questions of all steps, one step after another, as one epoch.

    TRL's own shuffling starts again when a training goes on in a later epoch, which would change its questions.
    """
    wanted = settings.steps * settings.questions_drawn
    whole_steps = len(questions) - len(questions) % settings.questions_drawn
    order: list[dict[str, str]] = []
    for pass_number in range(-(-wanted // whole_steps)):
        order += random.Random(f"{settings.seed}:{pass_number}").sample(questions, whole_steps)
    return order[:wanted]


def _checked_rows(path: Path, columns: Sequence[str]) -> pl.DataFrame:
    """Return these columns of a file of questions."""
    if not path.exists():
        raise PolicyError(f"There is no file of questions at {path}.")
    rows = pl.read_parquet(path)
    missing = [name for name in columns if name not in rows.columns]
    if missing:
        raise PolicyError(f"{path} lacks the columns {missing}; it has {rows.columns}.")
    return rows.select(columns)


def _read_questions(
    path: Path, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, settings: PolicySettings
) -> tuple[list[dict[str, str]], list[tuple[str, str]], int]:
    """Return the training questions as rows, the validation questions as (question_id, prompt), and the longest prompt.

    The longest prompt is given in tokens.
    """
    rows = _checked_rows(path, QUESTION_COLUMNS)
    train = rows.filter(pl.col("split") == "train").select("question_id", "prompt")
    validation = rows.filter(pl.col("split") == "validation").select("question_id", "prompt")
    if train.height < settings.questions_drawn:
        raise PolicyError(
            f"{path} has {train.height} training questions, but every step draws {settings.questions_drawn} "
            "different ones (prompts_per_step times draw_factor). Lower one of these settings or give more questions."
        )
    if not validation.height:
        raise PolicyError(f"{path} has no validation question; they choose the checkpoint.")
    longest = max(len(ids) for ids in encode_prompts(tokenizer, rows["prompt"].to_list()))
    context = model.config.get_text_config().max_position_embeddings
    if longest + settings.max_completion_tokens > context:
        raise PolicyError(
            f"The longest prompt of {path} has {longest} tokens; with max_completion_tokens = "
            f"{settings.max_completion_tokens} it exceeds the policy's context of {context} tokens."
        )
    return train.to_dicts(), list(validation.iter_rows()), longest
