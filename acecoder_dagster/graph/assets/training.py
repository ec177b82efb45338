"""Training: the Bradley-Terry reward model, and policies by reinforcement with each of the two rewards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import polars as pl

from acecoder_dagster.data.counting import unsealed_share
from acecoder_dagster.data.tables import (
    FILTERED_TESTS,
    HARD_QUESTIONS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
)
from acecoder_dagster.data.tests_as_rows import tests_by_question
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.groups import TRAINING
from acecoder_dagster.graph.inputs import LICENCE, PROVENANCE, Input, chosen, entire, without
from acecoder_dagster.graph.models import BASE_POLICY, POLICY_REWARD_MODEL, POLICY_RULE, REWARD_MODEL
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Check, Finding, model_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.key_parts import prompting, what_counts, where_programs_run
from acecoder_dagster.graph.steps.sampling import base_policy_sampler
from acecoder_dagster.graph.steps.training_rows import counting
from acecoder_dagster.learning.model_address import SCRATCH, read_address
from acecoder_dagster.learning.preference import preference_groups
from acecoder_dagster.learning.reward_model.prompts import REWARD_PROMPT, reward_prompts
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.workers.specifications import ROLLOUT_QUESTION_COLUMNS, TrainPolicy, TrainRewardModel
from acecoder_dagster.settings import Settings, seeded


def _starts_from_base_policy(settings: Settings) -> bool:
    return settings.reward_backbone.model == BASE_POLICY.name


def _reward_model_settings(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings, backbone = project.settings, project.settings.reward_backbone
    start: object = None
    if backbone.model == SCRATCH:
        start = what_counts(backbone.scratch)
    elif not _starts_from_base_policy(settings):
        start = model_revision(*read_address(backbone.model))
    return {
        "backbone": start,
        **prompting(settings),
        # The model's folder names the template that it was trained with.
        "prompt_name": settings.prompt,
        "settings": what_counts(seeded(settings.reward_model, settings.seed)),
    }


def _better_than_chance(step: Step) -> Finding:
    accuracy = step.figures["validation_pair_accuracy"]
    return Finding(
        passed=accuracy > 0.5,
        description=f"Pair accuracy on validation questions: {accuracy:.3f}. At 0.5 it chooses by chance: look at "
        "its learning curves and at the gaps of preference_pairs; give it more pairs or epochs (reward_model).",
    )


@model_stage(
    REWARD_MODEL,
    reads=(
        *entire(PREFERENCE_PAIRS),
        *without(LICENCE, chosen(QUESTIONS)),
        *without(PROVENANCE, chosen(SAMPLED_PROGRAMS)),
        Input(BASE_POLICY, when=_starts_from_base_policy),
    ),
    settings=_reward_model_settings,
    code_version="2",
    group=TRAINING,
    kinds={"pytorch", "huggingface"},
    uses_accelerator=True,
    checks=(
        Check(
            "better_than_chance",
            "Orders more than half of the validation pairs rightly",
            _better_than_chance,
            blocking=False,
        ),
    ),
)
def reward_model(step: Step, folder: Path) -> TrainRewardModel:
    """Bradley-Terry reward model over the preference pairs of the training split (paper, section 3.2)."""
    settings = step.settings
    backbone = settings.reward_backbone.model
    if _starts_from_base_policy(settings):
        backbone = base_policy_sampler(step).address
    pairs = step.read(PREFERENCE_PAIRS).filter(pl.col("split") == "train")
    prompts = reward_prompts(settings.prompt, step.read(QUESTIONS), backbone)
    groups = preference_groups(pairs, step.read(SAMPLED_PROGRAMS), prompts)
    groups_file = folder / "groups.parquet"
    groups.write_parquet(groups_file)
    return TrainRewardModel(
        groups=groups_file,
        prompt_template=settings.prompt,
        backbone=backbone,
        scratch=settings.reward_backbone.scratch,
        output=folder,
        settings=seeded(settings.reward_model, settings.seed),
        unsealed_pass_share=_unsealed_share(pairs),
    )


def _unsealed_share(pairs: pl.DataFrame) -> float | None:
    """Return the share of unsealed passes among those of the pairs' programs; None for pairs of an older version."""
    if pairs["passes"].has_nulls():
        return None
    return unsealed_share(int(pairs["passes"].sum()), int(pairs["passed_unsealed"].sum()))


ONLY_SCORED = ("scoring", "rule_weight")
"""Settings of a policy whose reward is the reward model's score, which mean nothing to the others."""


def _rule_settings(project: OpenProject, batch: str) -> Mapping[str, object]:
    policy = what_counts(seeded(project.settings.policy_rule, project.settings.seed))
    return _policy_settings(project, {name: value for name, value in policy.items() if name not in ONLY_SCORED})


def _scored_settings(project: OpenProject, batch: str) -> Mapping[str, object]:
    return _policy_settings(project, what_counts(seeded(project.settings.policy_reward_model, project.settings.seed)))


def _policy_settings(project: OpenProject, policy: Mapping[str, object]) -> Mapping[str, object]:
    judging = {**where_programs_run(project, ""), **counting(project, "")}
    return {**prompting(project.settings), "policy": policy, **judging}


def _not_hacked(step: Step) -> Finding:
    return Finding(
        passed=not step.figures["hacked"],
        description=f"Kept are the weights of step {step.figures['best_step']:.0f}, the best by executed tests. Where "
        "the reward was hacked, the metadata `hacking` shows the programs: see also `acecoder query "
        "most_rewarded_wrong_programs`.",
    )


NOT_HACKED = Check(
    "reward_rose_with_truth",
    "The reward never rose while fewer programs were right (validation questions)",
    _not_hacked,
    blocking=False,
)
POLICY_INPUTS = (*entire(HARD_QUESTIONS, BASE_POLICY), *without(LICENCE, chosen(QUESTIONS, FILTERED_TESTS)))


@model_stage(
    POLICY_RULE,
    reads=POLICY_INPUTS,
    settings=_rule_settings,
    code_version="3",
    group=TRAINING,
    kinds={"pytorch", "huggingface"},
    uses_accelerator=True,
    checks=(NOT_HACKED,),
)
def policy_rule(step: Step, folder: Path) -> TrainPolicy:
    """Policy trained by reinforcement with the test-pass reward (paper, section 3.3)."""
    return _train_policy(step, folder, "rule", step.settings.policy_rule, None)


@model_stage(
    POLICY_REWARD_MODEL,
    reads=(*POLICY_INPUTS, *entire(REWARD_MODEL)),
    settings=_scored_settings,
    code_version="3",
    group=TRAINING,
    kinds={"pytorch", "huggingface"},
    uses_accelerator=True,
    checks=(NOT_HACKED,),
)
def policy_reward_model(step: Step, folder: Path) -> TrainPolicy:
    """Policy trained by reinforcement with the reward model's score; the checkpoint is chosen by executed tests."""
    trained = step.model(REWARD_MODEL)
    assert trained is not None, "a step begins only when its inputs are there"
    return _train_policy(step, folder, "reward_model", step.settings.policy_reward_model, trained.folder)


def _train_policy(
    step: Step,
    folder: Path,
    reward: Literal["rule", "reward_model"],
    policy: PolicySettings,
    reward_model_folder: Path | None,
) -> TrainPolicy:
    base = base_policy_sampler(step)
    hard = step.read(HARD_QUESTIONS).select("question_id")
    questions = step.read(QUESTIONS).join(hard, on="question_id")
    prompts = render_prompts(step.settings.prompt, questions, base.address)
    tests = tests_by_question(step.read(FILTERED_TESTS))
    rows = questions.join(prompts, on="question_id").join(tests, on="question_id").sort("question_id")
    rows = rows.select(ROLLOUT_QUESTION_COLUMNS)
    if reward_model_folder is not None:
        scored = reward_prompts(step.settings.prompt, questions, reward_model_folder).rename({"prompt": REWARD_PROMPT})
        rows = rows.join(scored, on="question_id", maintain_order="left")
    file = folder / "questions.parquet"
    rows.write_parquet(file)
    return TrainPolicy(
        policy=base.address,
        questions=file,
        reward=reward,
        reward_model=reward_model_folder,
        output=folder,
        settings=seeded(policy, step.settings.seed),
        sandbox=step.settings.sandbox,
        cluster=step.settings.cluster,
        unsealed_passes=step.settings.tests.unsealed_passes,
    )
