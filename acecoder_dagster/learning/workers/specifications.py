"""Specifications of worker tasks: paths and settings, which the asset that starts a task writes to a JSON file."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from acecoder_dagster.data.counting import UnsealedPasses
from acecoder_dagster.judge import ClusterSettings, SandboxSettings
from acecoder_dagster.learning.sampling import SamplingJob, SamplingSettings
from acecoder_dagster.learning.training.settings import (
    PolicySettings,
    RewardModelSettings,
    ScoringSettings,
    ScratchModelSettings,
    SupervisedSettings,
    Tracker,
)
from acecoder_dagster.questions.micro import MicroSettings


class _Specification(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tracked(_Specification):
    """Which trackers are sent the curves of a training, and what they call it."""

    trackers: tuple[Tracker, ...] = ()
    run: str = ""


class Training(_Specification):
    """What all trainings have."""

    output: Path
    tracked: Tracked = Tracked()


class TrainBasePolicy(Training):
    """Train a small policy from scratch on programs with faults: of procedural questions, or of given ones."""

    task: Literal["train_base_policy"] = "train_base_policy"
    prompt_template: str
    references: Path | None
    """Parquet: prompt, program (a right one); None for programs of procedural questions."""
    longest_program: int
    """In tokens; longer reference programs are left out."""
    corpus_programs: int
    seed: int
    micro: MicroSettings
    scratch: ScratchModelSettings
    supervised: SupervisedSettings


class SamplePrograms(_Specification):
    """Sample completions with vLLM, one job after another in the same process."""

    task: Literal["sample_programs"] = "sample_programs"
    jobs: tuple[SamplingJob, ...]
    sampling: SamplingSettings
    seed: int


class TrainRewardModel(Training):
    """Train a reward model on preference pairs."""

    task: Literal["train_reward_model"] = "train_reward_model"
    groups: Path
    """Parquet: question_id, prompt, programs, chosen, rejected, weights, margins."""
    prompt_template: str
    """The template that the prompts were rendered with."""
    backbone: str
    """Address of a model, or `scratch`."""
    scratch: ScratchModelSettings
    settings: RewardModelSettings
    unsealed_pass_share: float | None
    """Of the passes of the programs in the pairs; it is reported with the other figures. None where it is not known."""


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
"""Columns of the questions that a policy is trained on. In a row, tests and official (booleans) are equally long."""


class TrainPolicy(Training):
    """Train a policy by reinforcement learning."""

    task: Literal["train_policy"] = "train_policy"
    policy: str
    questions: Path
    """Parquet with ROLLOUT_QUESTION_COLUMNS; with a reward model also `reward_model.prompts.REWARD_PROMPT`."""
    reward: Literal["rule", "reward_model"]
    reward_model: Path | None
    settings: PolicySettings
    sandbox: SandboxSettings
    cluster: ClusterSettings
    unsealed_passes: UnsealedPasses


Specification = Annotated[
    TrainBasePolicy | SamplePrograms | TrainRewardModel | ScorePrograms | TrainPolicy, Field(discriminator="task")
]

SPECIFICATION: TypeAdapter[TrainBasePolicy | SamplePrograms | TrainRewardModel | ScorePrograms | TrainPolicy] = (
    TypeAdapter(Specification)
)
