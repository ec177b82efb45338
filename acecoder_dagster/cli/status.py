"""`acecoder status`: what the project folder holds and what of it is out of date; nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

if TYPE_CHECKING:
    import polars as pl

    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.settings import Settings


def status(profile: ProfileOption = None, wide: WideOption = False) -> None:
    """Show batches, models and what is out of date.

    Nothing is computed.
    """
    import polars as pl

    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.refresh.planning import plan_refresh
    from acecoder_dagster.graph.resources import OpenProject
    from acecoder_dagster.graph.steps.batch_sources import known_batches, known_partitions
    from acecoder_dagster.settings import read_settings

    show_all_columns(wide)
    home, name = Home.from_environment(), chosen_profile(profile)
    settings = read_settings(name)
    project = OpenProject(home, settings)
    facts = {
        "project folder": str(home.root) if home.root.is_dir() else f"{home.root} (not there yet)",
        "profile": name,
        "warehouse": str(home.warehouse) if home.warehouse.is_file() else "not there yet",
        "sandboxes": _sandboxes(settings),
    }
    for what, fact in facts.items():
        print_line(output, f"{what:<16}{fact}")
    batches = known_batches(home, settings)
    if batches:
        print_frame(output, _batches(project, batches), title="batches")
    if models := home.artifacts.all_current():
        rows = [{"model": model.name, "seconds": model.figures.get("seconds")} for model in models]
        print_frame(output, pl.DataFrame(rows), title="models")
    if planned := plan_refresh(project, known_partitions(home, settings)):
        out_of_date = [{"stage": stage.stage, "batches": stage.batches or None} for stage in planned]
        print_frame(output, pl.DataFrame(out_of_date), title="out of date")
        print_line(output, "Next: `acecoder run` works on it; `acecoder plan` shows what that costs.")
    else:
        print_line(output, "Everything is up to date.")


def _batches(project: OpenProject, batches: list[str]) -> pl.DataFrame:
    """Return a row per batch: where it is from, its questions, and the first of its stages that is out of date."""
    import polars as pl

    from acecoder_dagster.data.tables import QUESTIONS
    from acecoder_dagster.graph.refresh.staleness import first_stale_stage
    from acecoder_dagster.graph.steps.batch_sources import is_collected, procedural_number

    def origin(batch: str) -> str:
        if procedural_number(batch) is not None:
            return "procedural"
        return "collected" if is_collected(project, batch) else "imported"

    def row(batch: str) -> Mapping[str, object]:
        questions = project.lake.current(QUESTIONS, batch)
        stale = first_stale_stage(project, batch)
        return {
            "batch": batch,
            "from": origin(batch),
            "questions": questions.rows if questions else None,
            "state": "up to date" if stale is None else f"to be done from {stale} on",
        }

    return pl.DataFrame([row(batch) for batch in batches], infer_schema_length=None)


def _sandboxes(project_settings: Settings) -> str:
    """Return what would start sandboxes; none is started, no image is built, and no cluster is asked."""
    from acecoder_dagster.judge import Judge, SandboxUnavailableError, connect_engine

    settings, cluster = project_settings.sandbox, project_settings.cluster
    if cluster.address is not None:
        return f"{settings.launcher} on the nodes of the Ray cluster at {cluster.address}"
    try:
        if settings.launcher in {"auto", "docker"}:
            connect_engine()
            return "docker"
    except SandboxUnavailableError as error:
        if settings.launcher == "docker":
            return f"none: {error}"
    chosen = "bubblewrap" if settings.launcher == "auto" else settings.launcher
    try:
        with Judge(settings.model_copy(update={"launcher": chosen})) as judge:
            return judge.launcher_name
    except SandboxUnavailableError as error:
        return f"none: {error}"
