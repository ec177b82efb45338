"""What each worker task is told: paths and settings, written to a JSON file by the asset that starts it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.learning.sampling import SamplingSettings
from acecoder_dagster.learning.training.settings import (
    PolicySettings,
    RewardModelSettings,
    ScoringSettings,
    ScratchModelSettings,
    SupervisedSettings,
)
from acecoder_dagster.questions.micro import MicroSettings


class _Specification(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainBasePolicy(_Specification):
    """Train a small policy from scratch on a noisy corpus: the procedural one, or one about given questions."""

    task: Literal["train_base_policy"] = "train_base_policy"
    output: Path
    prompt_template: str
    references: Path | None
    """Parquet: prompt, program (a right one); None for the procedural corpus."""
    longest_program: int
    """Tokens; references that are longer are left out."""
    corpus_programs: int
    seed: int
    micro: MicroSettings
    scratch: ScratchModelSettings
    supervised: SupervisedSettings


class SamplingJob(_Specification):
    """One model and the prompts it answers."""

    model: str
    revision: str | None = None
    prompts: Path
    """Parquet: question_id, prompt."""
    output: Path
    """Parquet: question_id, sample_index, completion, finish_reason, prompt_tokens, completion_tokens."""


class SamplePrograms(_Specification):
    """Sample completions with vLLM, one job after another in the same process."""

    task: Literal["sample_programs"] = "sample_programs"
    jobs: tuple[SamplingJob, ...]
    sampling: SamplingSettings
    seed: int


class TrainRewardModel(_Specification):
    """Train a reward model on preference pairs."""

    task: Literal["train_reward_model"] = "train_reward_model"
    groups: Path
    """Parquet: question_id, prompt, programs, chosen, rejected, weights, margins."""
    prompt_template: str
    """What the prompts were rendered with."""
    backbone: str
    """Folder or hub id, or `scratch`."""
    scratch: ScratchModelSettings
    output: Path
    settings: RewardModelSettings


class ScorePrograms(_Specification):
    """Score programs with a reward model."""

    task: Literal["score_programs"] = "score_programs"
    model: Path
    programs: Path
    """Parquet: question_id, program_id, prompt, program."""
    output: Path
    """Parquet: program_id, score."""
    settings: ScoringSettings


ROLLOUT_QUESTION_COLUMNS = (
    "question_id",
    "split",
    "prompt",
    "entry_point",
    "setup_code",
    "kind",
    "tests",
    "official",
)
"""Of the questions that a policy is trained on; tests and official (booleans) are lists of the same length."""


class TrainPolicy(_Specification):
    """Train a policy by reinforcement."""

    task: Literal["train_policy"] = "train_policy"
    policy: str
    questions: Path
    """Parquet with ROLLOUT_QUESTION_COLUMNS."""
    reward: Literal["rule", "reward_model"]
    reward_model: Path | None
    output: Path
    settings: PolicySettings
    sandbox: SandboxSettings


Specification = Annotated[
    TrainBasePolicy | SamplePrograms | TrainRewardModel | ScorePrograms | TrainPolicy, Field(discriminator="task")
]

SPECIFICATION: TypeAdapter[TrainBasePolicy | SamplePrograms | TrainRewardModel | ScorePrograms | TrainPolicy] = (
    TypeAdapter(Specification)
)
