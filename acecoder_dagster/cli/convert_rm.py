"""`acecoder convert-rm`: a reward model of the published format as one that loads everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.printing import output, print_line


def convert_rm(
    source: Annotated[Path, typer.Argument(help="Folder of a checkpoint with a value head, such as AceCodeRM.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the reward model.")],
) -> None:
    """Convert a reward model of the published format.

    It then loads everywhere.
    """
    from acecoder_dagster.cli.models import need_libraries, refuse_finished_model

    need_libraries("acecoder convert-rm")
    refuse_finished_model(out)
    from acecoder_dagster.learning.reward_model.conversion import convert_value_head

    bias = convert_value_head(source, out)
    print_line(output, f"reward model in {out}; scores are the original's minus its bias, {bias:.6g}")
