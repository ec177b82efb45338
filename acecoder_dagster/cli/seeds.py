"""`acecoder seeds`: seed functions from code or instruction data, and questions with tests from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.folder_settings import OtherSettingsOption, take_settings
from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

if TYPE_CHECKING:
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.questions.seeding import SeedManifest, StoredSeeds

REJECTED = """
    SELECT stage, reason, count(*) AS rejected FROM rejected_rows
    WHERE batch IN (SELECT unnest(string_split(getvariable('batches'), ' ')))
    GROUP BY ALL ORDER BY stage, rejected DESC, reason
"""


def seeds(
    name: Annotated[str, typer.Option(help="Name of the collection; its batches are NAME-000 ...")],
    code: Annotated[list[str] | None, typer.Option(help="Folder, .py file, installed package, or stdlib.")] = None,
    data: Annotated[list[str] | None, typer.Option(help="Instruction data: file, or hf://owner/name@revision.")] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier of what does not say its own licence.")] = None,
    documented: Annotated[bool, typer.Option("--documented", help="Only functions with a docstring.")] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="Draw so many seeds; all when left out.")] = None,
    only_collect: Annotated[bool, typer.Option("--only-collect", help="Collect, run nothing.")] = False,
    profile: ProfileOption = None,
    other_settings: OtherSettingsOption = False,
    wide: WideOption = False,
) -> None:
    """Collect seed functions, and write questions from them.

    Seeds are functions in code, or answers in instruction data; every question gets tests.

    From there on, `acecoder run` takes them through the rest of the graph.
    """
    from acecoder_dagster.cli.run import run_and_report
    from acecoder_dagster.cli.run_graph import only_run, prepare
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.operating.selections import synthesis_stages
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batches import collect
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    manifest = _read_manifest(
        name=name, code=code or (), data=data or (), licence=licence, documented=documented, sample=sample
    )
    profile_name = chosen_profile(profile)
    settings = read_settings(profile_name)
    home = Home.from_environment().refreshed()
    take_settings(OpenProject(home, settings), profile_name, told=other_settings)
    with only_run(home), prepare(home, profile_name, settings) as instance:
        stored = collect(home, instance, manifest)
    _print_collection(stored)
    told = f" --profile {profile}" if profile else ""
    if only_collect:
        print_line(output, f"Next: `acecoder run{told}` writes questions from them, with tests, programs and models.")
        return
    batches = list(stored.batches)
    stages = synthesis_stages(OpenProject(home, settings))
    code_of_run = run_and_report(home, profile_name, output, stages, batches, queries=())
    if code_of_run == 0:
        _print_rejections(home, batches)
        print_line(output, f"Next: `acecoder run{told}` samples programs for the questions and trains on all batches.")
    raise typer.Exit(code_of_run)


def _read_manifest(**values: object) -> SeedManifest:
    """Return the manifest of the command's options.

    Raises:
        SeedError: an option has a wrong value.
    """
    from pydantic import ValidationError

    from acecoder_dagster.questions.seeding import SeedError, SeedManifest

    try:
        return SeedManifest.model_validate(values)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'seeds'}: {each['msg']}" for each in error.errors()]
        raise SeedError("; ".join(problems)) from error


def _print_collection(stored: StoredSeeds) -> None:
    import polars as pl

    counts = {"found": stored.kept + stored.rejected, "kept": stored.kept, "rejected": stored.rejected}
    print_frame(output, pl.DataFrame([counts]), title="seed functions")
    if stored.reasons:
        print_frame(output, pl.DataFrame(stored.reasons), title="rejected")
    if stored.unchanged:
        print_line(output, f"{stored.name}: the same sources as before, nothing to collect again.")


def _print_rejections(home: Home, batches: list[str]) -> None:
    from acecoder_dagster.data.warehouse import run_query

    rejected = run_query(home.warehouse, REJECTED, {"batches": " ".join(batches)})
    if not rejected.is_empty():
        print_frame(output, rejected, title="rejected, by stage")
