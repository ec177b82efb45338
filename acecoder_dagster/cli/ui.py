"""`acecoder ui`: Dagster's page on this project folder."""

from typing import Annotated

import typer

from acecoder_dagster.cli.dagster_process import become_dagster
from acecoder_dagster.cli.options import ProfileOption, chosen_profile


def ui(
    profile: ProfileOption = None,
    port: Annotated[int, typer.Option(help="Port of the web page.")] = 3000,
) -> None:
    """Open Dagster's page on this project folder."""
    arguments = ["dev", "-m", "acecoder_dagster.definitions", "-h", "127.0.0.1", "-p", str(port)]
    become_dagster(chosen_profile(profile), arguments)
