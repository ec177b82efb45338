"""`acecoder run`, and what `demo`, `import`, `seeds` and `quality` share with it: run the graph here, say what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.folder_settings import OtherSettingsOption, take_settings
from acecoder_dagster.cli.options import BatchOption, ProfileOption, SeedOption, asset_names, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

if TYPE_CHECKING:
    from rich.console import Console

    from acecoder_dagster.cli.run_graph import RunOutcome
    from acecoder_dagster.data.home import Home

RESULT_QUERIES = ("benchmark_scores", "best_of_n", "leaderboard")

SHOWN_FIGURES = (
    "loss",
    "validation_pair_accuracy",
    "steps",
    "best_step",
    "validation_pass_at_1_at_start",
    "validation_pass_at_1",
    "unsealed_pass_share",
)
"""Figures of trainings that the terminal shows."""


def run(
    assets: Annotated[
        list[str] | None,
        typer.Argument(help="Assets to materialize; all when left out.", autocompletion=asset_names),
    ] = None,
    batch: BatchOption = None,
    profile: ProfileOption = None,
    seed: SeedOption = None,
    other_settings: OtherSettingsOption = False,
    wide: WideOption = False,
) -> None:
    """Materialize assets in this terminal.

    Finished stages are not run again: after an interruption, the same command goes on where it stopped.
    """
    from acecoder_dagster.data.home import Home

    show_all_columns(wide)
    home, name = Home.from_environment(), chosen_profile(profile, seed)
    raise typer.Exit(run_and_report(home, name, output, assets, batch, other_settings=other_settings))


def run_and_report(
    home: Home,
    profile: str,
    console: Console,
    assets: Sequence[str] | None = None,
    batches: Sequence[str] | None = None,
    queries: Sequence[str] = RESULT_QUERIES,
    *,
    other_settings: bool = False,
) -> int:
    """Run assets and print what came of it; return the exit code: 0 only if every asset and check was good.

    Reasons of a failure come first, then the stages of this run. The queries are answered when all was good.

    Raises:
        RunError: an asset or batch does not exist, another run holds the folder, or it was made with other settings
            and `other_settings` does not say that these may take their place.
        MissingModelsError: models are needed and their libraries are not installed.
    """
    from acecoder_dagster.cli.needed_models import refuse_without_libraries
    from acecoder_dagster.cli.run_graph import close_killed_runs, only_run, prepare, run_assets
    from acecoder_dagster.cli.suggestions import refuse_unknown
    from acecoder_dagster.data.warehouse import run_query
    from acecoder_dagster.graph.assets import oracle_programs
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batch_sources import known_partitions
    from acecoder_dagster.graph.steps.oracles import check_oracle_models
    from acecoder_dagster.graph.steps.warehouse import publish_warehouse
    from acecoder_dagster.judge import Judge
    from acecoder_dagster.settings import read_settings

    settings = read_settings(profile)
    known = known_partitions(home, settings)
    refuse_unknown("asset", assets or (), asset_names())
    refuse_unknown("batch", batches or (), known)
    chosen = list(batches) if batches else known
    project = OpenProject(home, settings)
    pairs = [batch for batch in chosen if batch in settings.benchmarks.partitions]
    of_seeds = [batch for batch in chosen if batch not in pairs]
    assets = _chosen_assets(assets, pairs, only_pairs=bool(batches) and not of_seeds)
    if assets is None or oracle_programs.name in assets:
        check_oracle_models(project, of_seeds)
    refuse_without_libraries(project, assets, of_seeds, pairs)
    take_settings(project, profile, told=other_settings)
    with only_run(home), prepare(home, profile, settings) as instance:
        for run_id in close_killed_runs(instance):
            print_line(console, f"Run {run_id[:8]} was killed; what it finished is kept.")
        with Judge(settings.sandbox, settings.cluster) as judge:
            print_line(console, f"Programs run in sandboxes of {judge.launcher_name}.")
        print_line(console, f"Project folder {home.root}, profile {profile}, batches {', '.join(chosen) or 'none'}")
        outcome = run_assets(instance, home, profile, of_seeds, assets, pairs)
    # A part of the graph may have run without its asset: what is shown is what is there now.
    publish_warehouse(project)
    _print_failures(console, outcome)
    _print_stages(console, home, outcome, chosen)
    if outcome.succeeded:
        for name in queries:
            if not (rows := run_query(home.warehouse, name)).is_empty():
                print_frame(console, rows, title=name)
        _print_trainings(console, home, outcome)
    _print_verdict(console, outcome)
    return 0 if outcome.succeeded else 1


def _chosen_assets(assets: Sequence[str] | None, pairs: Sequence[str], *, only_pairs: bool) -> Sequence[str] | None:
    """Return the assets to run: where only pairs of a model and a benchmark were named, those made of pairs.

    Raises:
        RunError: an asset is made of pairs, and there are none.
    """
    from acecoder_dagster.data.home import RunError
    from acecoder_dagster.graph.refresh.staleness import BENCHMARK_STAGES

    of_pairs = [stage.name for stage in BENCHMARK_STAGES]
    if assets is None:
        return of_pairs if only_pairs else None
    if not pairs and (without := [name for name in assets if name in of_pairs]):
        raise RunError(
            f"{', '.join(without)}: there is no model to evaluate: name some in benchmarks.models of the profile, and "
            "with --batch, if given, MODEL|BENCHMARK"
        )
    return assets


def _print_failures(console: Console, outcome: RunOutcome) -> None:
    for step in outcome.failed_steps:
        console.print("[red]failed:[/red] ", markup=True, end="")
        print_line(console, step)
    for check in outcome.failed_checks:
        console.print("[red]check failed:[/red] ", markup=True, end="")
        print_line(console, check)


def _print_stages(console: Console, home: Home, outcome: RunOutcome, batches: Sequence[str]) -> None:
    """Print rows and seconds of the stages that this run finished, of its batches alone."""
    import polars as pl

    from acecoder_dagster.data.lake.partitions import UNPARTITIONED
    from acecoder_dagster.data.warehouse import run_query

    runs = run_query(home.warehouse, "FROM runs ORDER BY stage_number, batch")
    finished = pl.col("stage").is_in(outcome.stages) & pl.col("batch").is_in([*batches, UNPARTITIONED])
    stages = runs.filter(finished).group_by("stage", maintain_order=True)
    counted = stages.agg(
        pl.len().alias("batches"),
        pl.col("rows_in", "rows_kept", "rows_rejected").sum(),
        pl.col("seconds").sum().round(1),
    )
    if not counted.is_empty():
        print_frame(console, counted, title="stages of this run")


def _print_trainings(console: Console, home: Home, outcome: RunOutcome) -> None:
    import polars as pl

    rows = [
        {"training": artifact.name, "seconds": artifact.figures["seconds"], "figures": _short(artifact.figures)}
        for artifact in home.artifacts.all_current()
        if artifact.name in outcome.stages
    ]
    if rows:
        print_frame(console, pl.DataFrame(rows), title="trainings")


def _short(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in figures.items() if name in SHOWN_FIGURES)


def _print_verdict(console: Console, outcome: RunOutcome) -> None:
    if outcome.succeeded:
        print_line(console, f"Every asset and check succeeded, {outcome.seconds:.0f} s.")
    else:
        told = "Not everything succeeded, see the reasons above; what is finished is kept"
        print_line(console, f"{told}, {outcome.seconds:.0f} s.")
