"""`acecoder clean`: remove old versions of tables and models, and old logs."""

from __future__ import annotations

from typing import Annotated

import typer

from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import output, print_frame, print_line


def clean(
    keep: Annotated[
        int | None, typer.Option(min=0, help="Earlier versions of each batch and model to keep; else the profile's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, remove nothing.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Remove old versions of tables and models, and old logs.

    What is current stays, and so does what a kept model was trained on, and everything of the last 24 hours. How much
    else is kept say the settings of [retention].
    """
    import polars as pl

    from acecoder_dagster.cli.run_graph import only_run, prepare
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.operating.cleaning import clean_up, removable_by_kind
    from acecoder_dagster.settings import read_settings

    name = chosen_profile(profile)
    home, settings = Home.from_environment().refreshed(), read_settings(name)
    retention = settings.retention
    if keep is not None:
        retention = retention.model_copy(update={"versions": keep, "models": keep})
    with only_run(home), prepare(home, name, settings) as instance:
        found = removable_by_kind(home, retention, instance) if dry_run else clean_up(home, retention, instance)
    if not found:
        print_line(output, "Nothing is old enough to be removed.")
        return
    rows = [
        {"what": kind, "number": number, "megabytes": round(size / 1e6, 1)} for kind, (number, size) in found.items()
    ]
    print_frame(output, pl.DataFrame(rows), title="would be removed" if dry_run else "removed")
    if dry_run:
        print_line(output, "Nothing was removed. Leave --dry-run out to remove it.")
