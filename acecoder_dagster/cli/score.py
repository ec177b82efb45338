"""`acecoder score`: programs in, the same rows with the scores of a reward model out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.options import profile_names
from acecoder_dagster.cli.printing import errors, output, print_line, progress_bar

SCORE_ENDINGS = (".parquet", ".jsonl")


def score(
    model: Annotated[str, typer.Argument(help="Folder or hub id (owner/name@revision) of the reward model.")],
    programs: Annotated[Path, typer.Argument(help="program, and question (with entry_point) or prompt.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The same rows and columns with their score: .parquet or .jsonl.")
    ],
    prompt: Annotated[str | None, typer.Option(help="Prompt template; else the one it was trained with.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile or .toml file with settings in [scoring].", autocompletion=profile_names)
    ] = None,
) -> None:
    """Score programs with a reward model. Files are Parquet, JSONL (also .gz) or JSON."""
    from acecoder_dagster.cli.models import need_libraries, need_model

    if not out.name.endswith(SCORE_ENDINGS):
        raise typer.BadParameter(f"{out}: its name must end in one of {', '.join(SCORE_ENDINGS)}", param_hint="--out")
    need_libraries("acecoder score")
    need_model(model)
    from acecoder_dagster.files import read_source, replace_file
    from acecoder_dagster.learning.reward_model.files import SCORED_COLUMNS, read_rows
    from acecoder_dagster.learning.training.settings import ScoringSettings
    from acecoder_dagster.settings import read_settings

    settings = ScoringSettings() if profile is None else read_settings(profile).scoring
    rows = read_rows(programs, SCORED_COLUMNS)
    given = read_source(str(programs)).all_columns()
    from acecoder_dagster.learning.reward_model.scoring import score_rows
    from acecoder_dagster.learning.training.device import prepare_process

    prepare_process(settings.threads, seed=0)
    with progress_bar(errors, "scoring") as report:
        scores = score_rows(model, rows, settings, prompt, lambda done, total: report(done, total, ""))["score"]
    written = given.with_columns(scores)
    replace_file(out, written.write_parquet if out.suffix == ".parquet" else written.write_ndjson)
    unscored = scores.null_count()
    print_line(output, f"{scores.len() - unscored:,} scores in {out}")
    if unscored:
        print_line(
            output, f"{unscored:,} programs have none: with their prompt they are over {settings.max_tokens:,} tokens"
        )
