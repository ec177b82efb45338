"""`acecoder plan`: what a refresh would do, before anything is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.folder_settings import describe_change
from acecoder_dagster.cli.memory import print_memory
from acecoder_dagster.cli.options import BatchOption, ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

if TYPE_CHECKING:
    import polars as pl

    from acecoder_dagster.graph.refresh.cluster_plan import Machines
    from acecoder_dagster.graph.refresh.planning import PlannedStage
    from acecoder_dagster.graph.resources import OpenProject

WHOLE_NUMBERS = ("batches", "questions", "programs", "model_calls", "prompt_tokens", "completion_tokens")


DevicesOption = Annotated[
    str | None,
    typer.Option(help="GPUs to plan for, as '8 x 80 GB'; those of this machine, or its memory, when left out."),
]


MachinesOption = Annotated[
    str | None,
    typer.Option(help="A Ray cluster to plan for, as '8 x 16 cores': how long it would judge, and what that costs."),
]


def plan(
    batch: BatchOption = None,
    profile: ProfileOption = None,
    devices: DevicesOption = None,
    cluster: MachinesOption = None,
    wide: WideOption = False,
) -> None:
    """Show what a refresh would do, before anything is spent.

    Questions, programs, tokens, minutes and money, by stage; and whether its trainings fit into memory. With --devices,
    that is said of every training of the profile. With --cluster, what judging takes there.
    """
    from acecoder_dagster.cli.suggestions import refuse_unknown
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.refresh.cluster_plan import read_machines
    from acecoder_dagster.graph.refresh.folder_settings import settings_change
    from acecoder_dagster.graph.refresh.planning import plan_refresh
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batch_sources import known_partitions
    from acecoder_dagster.learning.memory.devices import read_devices
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    home, name = Home.from_environment(), chosen_profile(profile)
    settings = read_settings(name)
    known = known_partitions(home, settings)
    refuse_unknown("batch", batch or (), known)
    chosen = None if devices is None else read_devices(devices)
    machines = None if cluster is None else read_machines(cluster)
    project = OpenProject(home, settings)
    if change := settings_change(project):
        print_line(output, f"{home.root} was made with other settings (profile {change.profile}).")
        print_line(output, describe_change(change))
    planned = plan_refresh(project, list(batch or known))
    if planned:
        print_frame(output, _frame(planned), title="a refresh would do")
        print_line(output, _summary(planned, settings.prices.currency))
    else:
        output.print(f"{len(known)} batches, all tables and models are up to date: a refresh executes nothing.")
    if machines is not None:
        _print_judging(project, planned, machines)
    print_memory(settings, chosen, [stage.stage for stage in planned])


def _print_judging(project: OpenProject, planned: Sequence[PlannedStage], machines: Machines) -> None:
    import polars as pl

    from acecoder_dagster.graph.refresh.cluster_plan import plan_judging

    judged = plan_judging(project, planned, machines)
    if not judged:
        print_line(output, f"Nothing of it is judged: {machines} would do nothing.")
        return
    rounded = [
        pl.col("programs_per_core").cast(pl.Float64).round(1),
        pl.col("minutes", "cost").cast(pl.Float64).round(2),
    ]
    rows = pl.DataFrame([asdict(stage) for stage in judged], infer_schema_length=None)
    print_frame(output, rows.with_columns(rounded), title=f"judged by {machines}")
    print_line(
        output,
        "programs_per_core: per second, as earlier runs measured. All other stages use one machine, sampling and "
        "training too.",
    )


def _frame(planned: Sequence[PlannedStage]) -> pl.DataFrame:
    import polars as pl

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
