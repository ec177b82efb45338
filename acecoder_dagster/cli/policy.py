"""What `acecoder train-rl` does in a terminal: questions with tests in, a policy trained by reinforcement out."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from acecoder_dagster.cli.training import train_in_terminal
from acecoder_dagster.data.tests_as_rows import tests_by_question
from acecoder_dagster.files import replace_file
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.workers.specifications import ROLLOUT_QUESTION_COLUMNS, TrainPolicy
from acecoder_dagster.questions.importing import ImportManifest, read_import
from acecoder_dagster.settings import Settings, seeded

TOLD = ("reward", "pass_at_1", "validation_pass_at_1")
SHOWN = (
    "steps",
    "rollouts",
    "validation_pass_at_1_at_start",
    "validation_pass_at_1",
    "best_step",
    "hacked",
)


def run_train_policy(
    output: Console,
    errors: Console,
    questions: Sequence[str],
    policy: str,
    out: Path,
    settings: Settings,
    reward_model: Path | None,
) -> int:
    """Train a policy on files of questions with tests and print figures; return the exit code.

    The files are those of `acecoder import`; a tenth of the questions, by hash, is for validation. Started again after
    an interruption, it goes on from its last checkpoint.

    Raises:
        ImportFileError: a file is missing or broken.
        PromptError: the prompts cannot be rendered for this policy.
        PolicyError: a model cannot be loaded, or the questions do not fit the settings.
    """
    imported = read_import(ImportManifest(name="rollouts", questions=tuple(questions), split="train"))
    for kind, reason, count in imported.rejected.group_by("row_kind", "reason").len().sort("len").iter_rows():
        errors.print(f"not used: {count:,} rows ({kind}): {reason}", highlight=False)
    rows = (
        imported.questions.join(render_prompts(settings.prompt, imported.questions, policy), on="question_id")
        .join(tests_by_question(imported.candidate_tests), on="question_id")
        .sort("question_id")
        .select(ROLLOUT_QUESTION_COLUMNS)
    )
    out.mkdir(parents=True, exist_ok=True)
    file = out / "questions.parquet"
    replace_file(file, rows.write_parquet)
    chosen = settings.policy_rule if reward_model is None else settings.policy_reward_model
    specification = TrainPolicy(
        policy=policy,
        questions=file,
        reward="rule" if reward_model is None else "reward_model",
        reward_model=reward_model,
        output=out,
        settings=seeded(chosen, settings.seed),
        sandbox=settings.sandbox,
    )
    figures = train_in_terminal(output, errors, specification, TOLD, SHOWN)
    output.print(f"policy of step {figures['best_step']:.0f} in {out}; every rollout in {out / 'rollouts.parquet'}")
    return 0
