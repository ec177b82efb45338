"""What `acecoder score`, `train-rm` and `convert-rm` do in a terminal."""

from pathlib import Path

from rich.console import Console

from acecoder_dagster.cli.printing import progress_bar
from acecoder_dagster.cli.training import train_in_terminal
from acecoder_dagster.files import replace_file
from acecoder_dagster.learning.reward_model.files import (
    PAIR_COLUMNS,
    SCORED_COLUMNS,
    pair_groups,
    read_rows,
    with_prompts,
)
from acecoder_dagster.learning.training.errors import RewardModelError
from acecoder_dagster.learning.training.settings import ScoringSettings
from acecoder_dagster.learning.workers.specifications import TrainRewardModel
from acecoder_dagster.settings import Settings, seeded

SCORE_ENDINGS = (".parquet", ".jsonl")
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


def run_score(
    output: Console,
    errors: Console,
    model: str,
    programs: Path,
    out: Path,
    settings: ScoringSettings,
    prompt: str | None,
) -> int:
    """Score a file of programs and write it with a column `score`; return the exit code.

    Raises:
        RewardModelError: a wrong file or model.
    """
    if not out.name.endswith(SCORE_ENDINGS):
        raise RewardModelError(f"{out}: unknown kind of file; its name must end in one of {', '.join(SCORE_ENDINGS)}")
    rows = read_rows(programs, SCORED_COLUMNS)
    from acecoder_dagster.learning.reward_model.scoring import score_rows
    from acecoder_dagster.learning.training.device import prepare_process

    prepare_process(settings.threads, seed=0)
    with progress_bar(errors, "scoring") as bar:
        scored = score_rows(model, rows, settings, prompt, lambda done, total: bar(done, total, ""))
    given = [name for name in rows.columns if rows[name].null_count() < rows.height]
    written = scored.select(*given, "score")
    replace_file(out, written.write_parquet if out.suffix == ".parquet" else written.write_ndjson)
    output.print(f"{scored.height - scored['score'].null_count():,} scores in {out}")
    if unscored := scored["score"].null_count():
        output.print(f"{unscored:,} programs have none: with their prompt they are over {settings.max_tokens:,} tokens")
    return 0


def run_train(output: Console, errors: Console, pairs: Path, backbone: str, out: Path, settings: Settings) -> int:
    """Train a reward model on a file of pairs and print figures; return the exit code.

    Started again after an interruption, it goes on from its last checkpoint.

    Raises:
        RewardModelError: a wrong file or backbone.
        DivergedError: the loss is not a number.
    """
    renderer = None if backbone == "scratch" else backbone
    groups = pair_groups(with_prompts(read_rows(pairs, PAIR_COLUMNS), settings.prompt, renderer))
    out.mkdir(parents=True, exist_ok=True)
    file = out / "groups.parquet"
    replace_file(file, groups.write_parquet)
    specification = TrainRewardModel(
        groups=file,
        prompt_template=settings.prompt,
        backbone=backbone,
        scratch=settings.reward_backbone.scratch,
        output=out,
        settings=seeded(settings.reward_model, settings.seed),
    )
    train_in_terminal(output, errors, specification, TOLD, SHOWN)
    output.print(f"reward model in {out}")
    return 0


def run_convert(output: Console, source: Path, out: Path) -> int:
    """Convert a checkpoint with a value head; return the exit code.

    Raises:
        RewardModelError: it is none.
    """
    from acecoder_dagster.learning.reward_model.conversion import convert_value_head

    bias = convert_value_head(source, out)
    output.print(f"reward model in {out}; scores are the original's minus its bias, {bias:.6g}")
    return 0
