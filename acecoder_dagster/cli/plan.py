"""What `acecoder plan` does: show what a refresh would do, before anything is spent."""

from collections.abc import Sequence
from dataclasses import asdict

import polars as pl
from rich.console import Console

from acecoder_dagster.cli.printing import print_frame
from acecoder_dagster.data.home import Home, RunError
from acecoder_dagster.graph.refresh.planning import PlannedStage, plan_refresh
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.settings import read_settings

WHOLE_NUMBERS = ("batches", "questions", "programs", "model_calls", "prompt_tokens", "completion_tokens")


def print_plan(home: Home, profile: str, console: Console, batches: Sequence[str] | None) -> None:
    """Print what a refresh of the batches, or of all, would do; nothing is executed.

    Raises:
        RunError: a batch is not known.
    """
    settings = read_settings(profile)
    known = known_batches(home, settings)
    if unknown := sorted(set(batches or ()) - set(known)):
        raise RunError(f"no batch is called {', '.join(unknown)}; known are {', '.join(known) or 'none'}")
    planned = plan_refresh(Project(root=str(home.root), profile=profile).open(), list(batches or known))
    if not planned:
        console.print(f"{len(known)} batches, all tables and models are up to date: a refresh executes nothing.")
        return
    print_frame(console, _frame(planned), title="a refresh would do")
    console.print(_summary(planned, settings.prices.currency))


def _frame(planned: Sequence[PlannedStage]) -> pl.DataFrame:
    rows = pl.DataFrame([asdict(stage) for stage in planned], infer_schema_length=None)
    counts = [pl.col(name).cast(pl.Float64).round(0).cast(pl.Int64).replace(0, None) for name in WHOLE_NUMBERS]
    return rows.with_columns(*counts, pl.col("minutes", "cost").cast(pl.Float64).round(2))


def _summary(planned: Sequence[PlannedStage], currency: str) -> str:
    minutes = sum(stage.minutes for stage in planned if stage.minutes is not None)
    costs = [stage.cost for stage in planned if stage.cost is not None]
    unknown = [stage.stage for stage in planned if stage.minutes is None and stage.stage != "warehouse"]
    lines = [f"At most {minutes:,.1f} minutes at the speed of earlier runs on this machine"]
    if unknown:
        lines.append(f"not counting what was never run here: {', '.join(unknown)}")
    lines.append(f"{sum(costs):,.2f} {currency} at the configured prices" if costs else "no prices are configured")
    return "; ".join(lines) + "."
