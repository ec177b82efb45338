"""`acecoder export`: what is given to others: the data set with its card, or the warehouse as one file."""

from pathlib import Path
from typing import Annotated

import typer

from acecoder_dagster.cli.printing import output, print_frame, print_line

export = typer.Typer(no_args_is_help=True, help="Write what others are given.", rich_markup_mode=None)


@export.callback()
def _group() -> None:
    """Write what others are given."""


@export.command()
def dataset(
    folder: Annotated[Path, typer.Argument(help="Folder to make: the data set as Parquet, and its card.")],
    permissive_only: Annotated[
        bool, typer.Option("--permissive-only", help="Leave out what no permissive licence covers.")
    ] = False,
    licence: Annotated[
        list[str] | None, typer.Option(help="NAME=SPDX: the licence of a source's questions or a model's programs.")
    ] = None,
) -> None:
    """Write the data set for publication, with a data card.

    It has acecode_dataset and preference_pairs.

    Nothing is written while the licence of any row is unknown: the message names the rows and what to say of them.
    """
    import polars as pl

    from acecoder_dagster.cli.options import key_values
    from acecoder_dagster.cli.warehouse import present_warehouse
    from acecoder_dagster.data.publishing import export_dataset

    declared = key_values(licence or (), "--licence", "NAME=SPDX")
    exported = export_dataset(present_warehouse(), folder, declared, permissive_only=permissive_only)
    of_one_kind = exported.licences.group_by("kind", "published_as", "declared", "published", maintain_order=True)
    print_frame(output, of_one_kind.agg(pl.col("rows").sum()), title="licences")
    print_frame(output, exported.rows, title="rows")
    print_line(output, f"written to {folder}: README.md is the data card")


@export.command()
def warehouse(
    file: Annotated[Path, typer.Argument(help="DuckDB file to write; an export that was there is replaced.")],
) -> None:
    """Write the warehouse with all rows as one DuckDB file that needs no other.

    It holds all tables, views and macros with their meaning, as they are at this moment.
    """
    from acecoder_dagster.cli.warehouse import present_warehouse
    from acecoder_dagster.data.warehouse import export_warehouse

    size = export_warehouse(present_warehouse(), file)
    print_line(output, f"written to {file}: {size / 1e6:,.1f} MB, for any DuckDB client (1.4 or newer)")
