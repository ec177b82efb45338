"""`acecoder batches list` and `acecoder batches remove`: what the project folder holds, and taking some of it out."""

from __future__ import annotations

from typing import Annotated

import typer

from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

batches = typer.Typer(no_args_is_help=True, help="The batches of the project folder.", rich_markup_mode=None)


@batches.callback()
def _group() -> None:
    """The batches of the project folder."""


@batches.command("list")
def list_all(profile: ProfileOption = None, wide: WideOption = False) -> None:
    """Show every batch, where it comes from, its questions, and what of it is out of date.

    A batch that is left over comes from nowhere any more, but its rows are still counted: remove it by its name.
    """
    import polars as pl

    from acecoder_dagster.data.home import Home
    from acecoder_dagster.data.tables import QUESTIONS
    from acecoder_dagster.graph.refresh.staleness import first_stale_stage
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batches import LEFT_OVER, list_batches
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    project = OpenProject(Home.from_environment().refreshed(), read_settings(chosen_profile(profile)))
    rows = []
    for batch in list_batches(project):
        questions = project.lake.current(QUESTIONS, batch.name)
        stale = None if batch.origin == LEFT_OVER else first_stale_stage(project, batch.name)
        state = "nothing makes it any more" if batch.origin == LEFT_OVER else f"to be done from {stale} on"
        rows.append(
            {
                "batch": batch.name,
                "from": batch.origin,
                "of": batch.of,
                "questions": questions.rows if questions else None,
                "state": state if stale or batch.origin == LEFT_OVER else "up to date",
            }
        )
    if rows:
        print_frame(output, pl.DataFrame(rows, infer_schema_length=None), title="batches")
    else:
        print_line(output, "No batches yet: `acecoder import` and `acecoder seeds` bring some.")


@batches.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Imports, collections, or batches that are left over.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    profile: ProfileOption = None,
) -> None:
    """Remove an import or a collection with all that was made of it, or a batch that is left over.

    Tables and models that are made of all batches are made anew at the next refresh.
    """
    from acecoder_dagster.cli.run_graph import only_run, prepare
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batches import remove_batches
    from acecoder_dagster.settings import read_settings

    name = chosen_profile(profile)
    home, settings = Home.from_environment().refreshed(), read_settings(name)
    if not yes and not typer.confirm(f"Remove {', '.join(names)} from {home.root}?"):
        raise typer.Exit(1)
    with only_run(home), prepare(home, name, settings) as instance:
        gone = remove_batches(OpenProject(home, settings), instance, names)
    print_line(output, f"Removed: {', '.join(gone)}. Next: `acecoder run` makes the rest anew without them.")
