"""`acecoder demo` and `acecoder run`: run the graph in the terminal, then show stages and results as tables."""

from collections.abc import Sequence

from rich.console import Console

from acecoder_dagster.home import Home
from acecoder_dagster.orchestration.sources import known_batches
from acecoder_dagster.runner import RunOutcome, only_run, prepare, run_assets
from acecoder_dagster.settings import read_settings
from acecoder_dagster.terminal import print_frame
from acecoder_dagster.warehouse import run_query

RESULT_QUERIES = ("stages", "benchmark_scores", "best_of_n")


def run_demo(home: Home, profile: str, console: Console) -> int:
    """Run everything for the profile's own batches and print stages and results; return the exit code."""
    code = run_and_report(home, profile, console)
    if code == 0:
        console.print(f"\nReport with plots: {home.root / 'report.md'}, and the asset `report` in the page of `make ui`.")
    return code


def run_and_report(
    home: Home,
    profile: str,
    console: Console,
    assets: Sequence[str] | None = None,
    batches: Sequence[str] | None = None,
) -> int:
    """Run assets and print what came of it; return the exit code: 0 only if every asset and check was good."""
    settings = read_settings(profile)
    with only_run(home), prepare(home, profile, settings) as instance:
        chosen = list(batches) if batches else known_batches(home, settings)
        console.print(f"Project folder {home.root}, profile {profile}, batches {', '.join(chosen) or 'none'}")
        outcome = run_assets(instance, chosen, assets)
    if home.warehouse.exists():
        for name in RESULT_QUERIES:
            print_frame(console, run_query(home.warehouse, name), title=name)
    _print_outcome(console, outcome)
    return 0 if outcome.success and not outcome.failed_checks else 1


def _print_outcome(console: Console, outcome: RunOutcome) -> None:
    for step in outcome.failed_steps:
        console.print(f"[red]failed:[/red] {step}", markup=True)
    for check in outcome.failed_checks:
        console.print(f"[red]check failed:[/red] {check}", markup=True)
    verdict = "Every asset and check succeeded" if outcome.success and not outcome.failed_checks else "Not everything succeeded"
    console.print(f"{verdict}, {outcome.seconds:.0f} s.")
