"""What `acecoder demo`, `run` and `import` do: run the graph here, then show stages and results as tables."""

from collections.abc import Mapping, Sequence

import polars as pl
from rich.console import Console

from acecoder_dagster.cli.printing import print_frame
from acecoder_dagster.cli.run_graph import RunOutcome, close_killed_runs, only_run, prepare, run_assets
from acecoder_dagster.data.home import Home
from acecoder_dagster.data.warehouse import build_warehouse, run_query
from acecoder_dagster.graph.assets import oracle_programs
from acecoder_dagster.graph.models import MODELS
from acecoder_dagster.graph.operating.selections import data_stages
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.graph.steps.inbox import bring_in
from acecoder_dagster.graph.steps.oracles import check_oracle_models
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.importing import ImportManifest, RowCount, read_import
from acecoder_dagster.settings import read_settings

RESULT_QUERIES = ("stages", "benchmark_scores", "best_of_n")
IMPORT_QUERIES = ("stages", "pair_yield")

SHOWN_FIGURES = (
    "loss",
    "validation_pair_accuracy",
    "steps",
    "best_step",
    "validation_pass_at_1_at_start",
    "validation_pass_at_1",
)
"""Figures of trainings that the terminal shows."""


def run_demo(home: Home, profile: str, console: Console) -> int:
    """Run everything for the profile's own batches and print stages and results; return the exit code."""
    code = run_and_report(home, profile, console)
    if code == 0:
        console.print(
            f"\nReport with plots: {home.root / 'report.md'}, and the asset `report` in the page of `make ui`."
        )
    return code


def run_import(home: Home, profile: str, console: Console, manifest: ImportManifest, *, only_check: bool) -> int:
    """Import files, say what was kept and rejected, and run their batches up to the tables; return the exit code.

    Raises:
        ImportFileError: a file is missing or broken; earlier imports and results stay as they are.
    """
    if only_check:
        imported = read_import(manifest)
        _print_import(console, imported.counts(), imported.reasons().to_dicts())
        return 0
    with only_run(home), prepare(home, profile, read_settings(profile)) as instance:
        stored = bring_in(home, instance, manifest)
    _print_import(console, stored.counts, stored.reasons)
    if stored.unchanged:
        console.print(f"{stored.name}: the same files as before, nothing to import again.")
    stages = data_stages(Project(root=str(home.root), profile=profile).open(), stored.batches)
    return run_and_report(home, profile, console, stages, list(stored.batches), IMPORT_QUERIES)


def run_and_report(
    home: Home,
    profile: str,
    console: Console,
    assets: Sequence[str] | None = None,
    batches: Sequence[str] | None = None,
    queries: Sequence[str] = RESULT_QUERIES,
) -> int:
    """Run assets and print what came of it; return the exit code: 0 only if every asset and check was good."""
    settings = read_settings(profile)
    if assets is None or oracle_programs.name in assets:
        project = Project(root=str(home.root), profile=profile).open()
        check_oracle_models(project, batches or known_batches(home, settings))
    with only_run(home), prepare(home, profile, settings) as instance:
        for run_id in close_killed_runs(instance):
            console.print(f"Run {run_id[:8]} was killed; what it finished is kept.")
        with Judge(settings.sandbox) as judge:
            console.print(f"Programs run in sandboxes of {judge.launcher_name}.")
        chosen = list(batches) if batches else known_batches(home, settings)
        console.print(f"Project folder {home.root}, profile {profile}, batches {', '.join(chosen) or 'none'}")
        outcome = run_assets(instance, chosen, assets)
    # A part of the graph may have run without its asset: what is shown is what is there now.
    build_warehouse(home.lake, home.warehouse, home.artifacts)
    for name in queries:
        if not (rows := run_query(home.warehouse, name)).is_empty():
            print_frame(console, rows, title=name)
    _print_trainings(console, home)
    _print_outcome(console, outcome)
    return 0 if outcome.success and not outcome.failed_checks else 1


def _print_import(console: Console, counts: Mapping[str, RowCount], reasons: Sequence[Mapping[str, object]]) -> None:
    kinds = [{"rows": kind, "read": c.rows_in, "kept": c.kept, "rejected": c.rejected} for kind, c in counts.items()]
    print_frame(console, pl.DataFrame(kinds), title="imported")
    if reasons:
        print_frame(console, pl.DataFrame(list(reasons)), title="rejected")


def _print_trainings(console: Console, home: Home) -> None:
    rows = [
        {"training": artifact.name, "seconds": artifact.figures["seconds"], "figures": _short(artifact.figures)}
        for model in MODELS
        if (artifact := home.artifacts.current(model.name)) is not None
    ]
    if rows:
        print_frame(console, pl.DataFrame(rows), title="trainings")


def _short(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in figures.items() if name in SHOWN_FIGURES)


def _print_outcome(console: Console, outcome: RunOutcome) -> None:
    for step in outcome.failed_steps:
        console.print(f"[red]failed:[/red] {step}", markup=True)
    for check in outcome.failed_checks:
        console.print(f"[red]check failed:[/red] {check}", markup=True)
    verdict = (
        "Every asset and check succeeded"
        if outcome.success and not outcome.failed_checks
        else "Not everything succeeded"
    )
    console.print(f"{verdict}, {outcome.seconds:.0f} s.")
