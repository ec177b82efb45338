"""Training: the Bradley-Terry reward model, and policies by reinforcement with each of the two rewards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import FILTERED_TESTS, HARD_QUESTIONS, PREFERENCE_PAIRS, QUESTIONS, SAMPLED_PROGRAMS
from acecoder_dagster.data.tests_as_rows import tests_by_question
from acecoder_dagster.graph.groups import TRAINING, TRAINING_OWNERS
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.steps.sampling import base_policy_sampler
from acecoder_dagster.graph.steps.training import train_artifact
from acecoder_dagster.graph.steps.training_rows import training_rows
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL, WORKER_RETRIES
from acecoder_dagster.learning.preference import preference_groups
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.workers.specifications import ROLLOUT_QUESTION_COLUMNS, TrainPolicy, TrainRewardModel
from acecoder_dagster.settings import seeded

BETTER_THAN_CHANCE = "better_than_chance"
NOT_HACKED = "reward_rose_with_truth"


def _not_hacked_check(policy: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        NOT_HACKED,
        asset=policy,
        blocking=False,
        description="The reward never rose while fewer programs were right (validation questions)",
    )


@dg.asset(
    deps=["preference_pairs", "base_policy"],
    group_name=TRAINING,
    kinds={"pytorch", "huggingface"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            BETTER_THAN_CHANCE,
            asset="reward_model",
            blocking=False,
            description="Orders more than half of the validation pairs rightly",
        )
    ],
)
def reward_model(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Bradley-Terry reward model over the preference pairs of the training split (paper, section 3.2)."""
    settings = project.settings
    backbone = settings.reward_backbone.model
    source = base_policy_sampler(project, settings) if backbone == "base_policy" else None

    def specify(folder: Path) -> TrainRewardModel:
        pairs = project.lake.read(PREFERENCE_PAIRS).filter(pl.col("split") == "train")
        questions = training_rows(project, QUESTIONS)
        prompts = render_prompts(settings.prompt, questions, source.model if source else None)
        groups = preference_groups(pairs, training_rows(project, SAMPLED_PROGRAMS), prompts)
        groups_file = folder / "groups.parquet"
        groups.write_parquet(groups_file)
        return TrainRewardModel(
            groups=groups_file,
            prompt_template=settings.prompt,
            backbone=source.model if source else backbone,
            scratch=settings.reward_backbone.scratch,
            output=folder,
            settings=seeded(settings.reward_model, settings.seed),
        )

    return train_artifact(
        context,
        project,
        "reward_model",
        inputs=lineage.reward_model(project),
        specify=specify,
        checks=_better_than_chance,
    )


@dg.asset(
    deps=["hard_questions", "base_policy"],
    group_name=TRAINING,
    kinds={"pytorch", "huggingface"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
    check_specs=[_not_hacked_check("policy_rule")],
)
def policy_rule(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Policy trained by reinforcement with the test-pass reward (paper, section 3.3)."""
    return _train_policy(context, project, "rule", project.settings.policy_rule)


@dg.asset(
    deps=["hard_questions", "base_policy", reward_model],
    group_name=TRAINING,
    kinds={"pytorch", "huggingface"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
    check_specs=[_not_hacked_check("policy_reward_model")],
)
def policy_reward_model(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Policy trained by reinforcement with the reward model's score; the checkpoint is chosen by executed tests."""
    return _train_policy(context, project, "reward_model", project.settings.policy_reward_model)


def _train_policy(
    context: dg.AssetExecutionContext,
    project: Project,
    reward: Literal["rule", "reward_model"],
    policy: PolicySettings,
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    settings = project.settings
    base = base_policy_sampler(project, settings)
    judge_model = project.home.artifacts.current("reward_model") if reward == "reward_model" else None

    def specify(folder: Path) -> TrainPolicy:
        chosen = project.lake.read(HARD_QUESTIONS).select("question_id")
        questions = training_rows(project, QUESTIONS).join(chosen, on="question_id")
        prompts = render_prompts(settings.prompt, questions, base.model)
        tests = tests_by_question(training_rows(project, FILTERED_TESTS))
        rows = questions.join(prompts, on="question_id").join(tests, on="question_id").sort("question_id")
        file = folder / "questions.parquet"
        rows.select(ROLLOUT_QUESTION_COLUMNS).write_parquet(file)
        return TrainPolicy(
            policy=base.model,
            questions=file,
            reward=reward,
            reward_model=judge_model.folder if judge_model else None,
            output=folder,
            settings=seeded(policy, settings.seed),
            sandbox=settings.sandbox,
        )

    name = f"policy_{reward}"
    inputs = lineage.TRAININGS[name](project)
    return train_artifact(context, project, name, inputs=inputs, specify=specify, checks=_not_hacked)


def _better_than_chance(figures: Mapping[str, float]) -> list[dg.AssetCheckResult]:
    accuracy = figures["validation_pair_accuracy"]
    return [
        dg.AssetCheckResult(
            check_name=BETTER_THAN_CHANCE,
            passed=accuracy > 0.5,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"Pair accuracy on validation questions: {accuracy:.3f}. At 0.5 it chooses by chance: look at "
            "its learning curves and at the gaps of preference_pairs; give it more pairs or epochs (reward_model).",
        )
    ]


def _not_hacked(figures: Mapping[str, float]) -> list[dg.AssetCheckResult]:
    return [
        dg.AssetCheckResult(
            check_name=NOT_HACKED,
            passed=not figures["hacked"],
            severity=dg.AssetCheckSeverity.WARN,
            description=f"Kept are the weights of step {figures['best_step']:.0f}, the best by executed tests. Where "
            "the reward was hacked, the metadata `hacking` shows the programs: see also `acecoder query "
            "most_rewarded_wrong_programs`.",
        )
    ]
