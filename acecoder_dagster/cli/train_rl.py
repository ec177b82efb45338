"""`acecoder train-rl`: questions with tests in, a policy trained by reinforcement and its rollouts out."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.options import ProfileOption, SeedOption, chosen_profile
from acecoder_dagster.cli.printing import errors, output, print_line

TOLD = ("reward", "pass_at_1", "validation_pass_at_1")
SHOWN = (
    "steps",
    "rollouts",
    "validation_pass_at_1_at_start",
    "validation_pass_at_1",
    "best_step",
    "unsealed_pass_share",
    "hacked",
)


def train_rl(
    questions: Annotated[list[str], typer.Argument(help="Files or hf://owner/name, as acecoder import takes.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the policy, its rollouts and curves.")],
    policy: Annotated[str, typer.Option(help="Folder or hub id (owner/name@revision) to start from.")],
    reward_model: Annotated[
        Path | None, typer.Option(help="Folder of a reward model; without it, tests are the reward.")
    ] = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
) -> None:
    """Train a policy by reinforcement on questions with tests.

    Settings are [policy_rule] of the profile, with a reward model [policy_reward_model].
    A tenth of the questions, by hash, is for validation. Stopped at any moment, it goes on from its last checkpoint
    when started again.
    """
    from acecoder_dagster.cli.models import need_libraries, need_model, refuse_finished_model
    from acecoder_dagster.settings import read_settings, seeded

    settings = read_settings(chosen_profile(profile, seed))
    need_libraries("acecoder train-rl")
    need_model(policy)
    if reward_model is not None:
        need_model(str(reward_model))
    refuse_finished_model(out)
    from acecoder_dagster.cli.training import train_in_terminal
    from acecoder_dagster.data.tests_as_rows import tests_by_question
    from acecoder_dagster.files import replace_file
    from acecoder_dagster.learning.reward_model.prompts import REWARD_PROMPT, reward_prompts, trained_template
    from acecoder_dagster.learning.sampling import render_prompts
    from acecoder_dagster.learning.workers.specifications import ROLLOUT_QUESTION_COLUMNS, Tracked, TrainPolicy
    from acecoder_dagster.questions.importing import ImportManifest, read_import

    imported = read_import(ImportManifest(name="rollouts", questions=tuple(questions), split="train"))
    for kind, reason, count in imported.rejected.group_by("row_kind", "reason").len().sort("len").iter_rows():
        print_line(errors, f"not used: {count:,} rows ({kind}): {reason}")
    asked = imported.questions
    rows = (
        asked.join(render_prompts(settings.prompt, asked, policy), on="question_id")
        .join(tests_by_question(imported.candidate_tests), on="question_id")
        .sort("question_id")
        .select(ROLLOUT_QUESTION_COLUMNS)
    )
    if reward_model is not None:
        scored = reward_prompts(trained_template(reward_model) or settings.prompt, asked, reward_model)
        rows = rows.join(scored.rename({"prompt": REWARD_PROMPT}), on="question_id", maintain_order="left")
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
        tracked=Tracked(trackers=settings.curves.trackers, run=out.resolve().name),
        settings=seeded(chosen, settings.seed),
        sandbox=settings.sandbox,
        cluster=settings.cluster,
        unsealed_passes=settings.tests.unsealed_passes,
    )
    figures = train_in_terminal(specification, TOLD, SHOWN)
    rollouts = out / "rollouts.parquet"
    print_line(output, f"policy of step {figures['best_step']:.0f} in {out}; every rollout in {rollouts}")
