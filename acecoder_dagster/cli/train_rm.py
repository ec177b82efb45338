"""`acecoder train-rm`: a file of preference pairs in, a reward model out."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.options import ProfileOption, SeedOption, chosen_profile
from acecoder_dagster.cli.printing import output, print_line
from acecoder_dagster.learning.model_address import SCRATCH

TOLD = ("loss", "pair_accuracy", "tokens_per_second", "flops_share")
SHOWN = (
    "train_questions",
    "train_pairs",
    "programs_over_length",
    "pairs_over_length",
    "validation_pairs",
    "validation_pair_accuracy",
    "validation_loss",
    "train_seconds",
)


def train_rm(
    pairs: Annotated[Path, typer.Argument(help="chosen, rejected, and question (with entry_point) or prompt.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the reward model.")],
    backbone: Annotated[
        str, typer.Option(help="Folder or hub id (owner/name@revision) of a causal model, or scratch.")
    ],
    profile: ProfileOption = None,
    seed: SeedOption = None,
) -> None:
    """Train a reward model on a file of preference pairs.

    Settings are [reward_model] of the profile. Stopped at any moment, it goes on from its last checkpoint
    when started again.
    """
    from acecoder_dagster.cli.models import need_libraries, need_model, refuse_finished_model
    from acecoder_dagster.settings import read_settings, seeded

    settings = read_settings(chosen_profile(profile, seed))
    need_libraries("acecoder train-rm")
    if backbone != SCRATCH:
        need_model(backbone)
    refuse_finished_model(out)
    from acecoder_dagster.cli.training import train_in_terminal
    from acecoder_dagster.files import replace_file
    from acecoder_dagster.learning.reward_model.files import PAIR_COLUMNS, pair_groups, read_rows, with_prompts
    from acecoder_dagster.learning.workers.specifications import Tracked, TrainRewardModel

    groups = pair_groups(with_prompts(read_rows(pairs, PAIR_COLUMNS), settings.prompt, backbone))
    out.mkdir(parents=True, exist_ok=True)
    file = out / "groups.parquet"
    replace_file(file, groups.write_parquet)
    specification = TrainRewardModel(
        groups=file,
        prompt_template=settings.prompt,
        backbone=backbone,
        scratch=settings.reward_backbone.scratch,
        output=out,
        tracked=Tracked(trackers=settings.curves.trackers, run=out.resolve().name),
        settings=seeded(settings.reward_model, settings.seed),
        unsealed_pass_share=None,
    )
    train_in_terminal(specification, TOLD, SHOWN)
    print_line(output, f"reward model in {out}")
