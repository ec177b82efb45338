"""`acecoder import`: questions, tests and programs of others, through the graph up to preference pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.folder_settings import OtherSettingsOption, take_settings
from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import (
    WideOption,
    errors,
    output,
    print_frame,
    print_line,
    progress_bar,
    show_all_columns,
)

if TYPE_CHECKING:
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.questions.importing import ImportManifest, RowCount, StoredImport

PAIRS = """
    SELECT count(DISTINCT question_id) AS questions_with_pairs, count(*) AS pairs
    FROM preference_pairs JOIN questions USING (question_id)
    WHERE questions.batch IN (SELECT unnest(string_split(getvariable('batches'), ' ')))
"""


def import_files(
    name: Annotated[str, typer.Option(help="Name of the import; its batches are NAME-000 ...")],
    questions: Annotated[list[str], typer.Option(help="File of questions (Parquet, JSONL, JSON) or hf://owner/name.")],
    programs: Annotated[list[str] | None, typer.Option(help="File of programs that models wrote.")] = None,
    generated_tests: Annotated[list[str] | None, typer.Option(help="File of tests that models wrote.")] = None,
    tests: Annotated[str, typer.Option(help="official, generated, or both.")] = "official",
    split: Annotated[str, typer.Option(help="keep: the file's; hash: by question; train or test: all of it.")] = "keep",
    test_share: Annotated[float, typer.Option(help="Share of questions held out for measuring, by hash.")] = 0.1,
    with_programs: Annotated[
        bool,
        typer.Option(
            "--with-programs/--without-programs",
            help="Take the programs that the files bring; without, the base policy writes some.",
        ),
    ] = True,
    only_check: Annotated[bool, typer.Option("--only-check", help="Read and check the files, change nothing.")] = False,
    profile: ProfileOption = None,
    other_settings: OtherSettingsOption = False,
    wide: WideOption = False,
) -> None:
    """Bring in files of questions, tests and programs.

    They are run through the graph up to preference pairs.

    What is recognised: the columns of our own tables, HumanEval's, MBPP's, BigCodeBench's, LiveCodeBench's and the
    published AceCode-87K's.
    """
    from acecoder_dagster.cli.run import run_and_report
    from acecoder_dagster.cli.run_graph import only_run, prepare
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.operating.selections import data_stages
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.inbox import bring_in
    from acecoder_dagster.questions.importing import read_import
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    manifest = read_manifest(
        name=name,
        questions=questions,
        programs=programs or (),
        generated_tests=generated_tests or (),
        tests=tests,
        split=split,
        test_share=test_share,
        with_programs=with_programs,
    )
    profile_name = chosen_profile(profile)
    settings = read_settings(profile_name)
    if only_check:
        imported = read_import(manifest)
        print_import(imported.counts(), imported.reasons().to_dicts())
        return
    home = Home.from_environment()
    project = OpenProject(home, settings)
    take_settings(project, profile_name, told=other_settings)
    with (
        only_run(home),
        prepare(home, profile_name, settings) as instance,
        progress_bar(errors, "import") as report,
    ):
        stored = bring_in(project, instance, manifest, partial(_counting, report))
    print_import(stored.counts, stored.reasons)
    if stored.unchanged:
        print_line(output, f"{stored.name}: the same files as before, nothing to import again.")
    _print_questions_without_programs(home, stored)
    batches = list(stored.batches)
    stages = data_stages(project, batches)
    code = run_and_report(home, profile_name, output, stages, batches, queries=())
    if code == 0:
        _print_pairs(home, batches)
        told = f" --profile {profile}" if profile else ""
        print_line(output, f"Next: `acecoder run{told}` trains on all batches; `acecoder query` lists the queries.")
    raise typer.Exit(code)


def _counting(report: Callable[[int, int, str], None], unit: str, total: int) -> Callable[[int], None]:
    """Return what counts rows and tells the terminal how many are done."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        report(done, total, unit)

    return advance


def read_manifest(**values: object) -> ImportManifest:
    """Return the manifest of the command's options.

    Raises:
        ImportFileError: an option has a wrong value, or two do not fit together.
    """
    from pydantic import ValidationError

    from acecoder_dagster.files import ImportFileError
    from acecoder_dagster.questions.importing import ImportManifest

    try:
        return ImportManifest.model_validate(values)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc'])) or 'import'}: {each['msg']}" for each in error.errors()]
        raise ImportFileError(problems) from error


def print_import(counts: Mapping[str, RowCount], reasons: Sequence[Mapping[str, object]]) -> None:
    """Print how many rows of each kind were read, kept and rejected, and why."""
    import polars as pl

    kinds = [{"rows": kind, "read": c.rows_in, "kept": c.kept, "rejected": c.rejected} for kind, c in counts.items()]
    print_frame(output, pl.DataFrame(kinds), title="imported")
    if reasons:
        print_frame(output, pl.DataFrame(list(reasons)), title="rejected")


def _print_questions_without_programs(home: Home, stored: StoredImport) -> None:
    from acecoder_dagster.questions.importing import load_import

    if not stored.counts["program"].kept:
        print_line(output, "The import brings no programs: programs are sampled from the profile's model.")
        return
    without, questions = 0, 0
    for batch in stored.batches:
        tables = load_import(home.root, batch)
        questions += tables.questions.height
        without += tables.questions.join(tables.programs, on="question_id", how="anti").height
    if without:
        print_line(
            output,
            f"{without:,} of {questions:,} questions have no program: their tests are checked, but nothing is judged "
            "by them and no pair comes of them.",
        )


def _print_pairs(home: Home, batches: Sequence[str]) -> None:
    from acecoder_dagster.data.warehouse import run_query

    print_frame(output, run_query(home.warehouse, PAIRS, {"batches": " ".join(batches)}), title="pairs of this import")
