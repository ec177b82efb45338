"""The warehouse that commands ask."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path

import typer


def present_warehouse() -> Path:
    """Return the warehouse of the project folder.

    Where other machines work on the project too, what they made is brought, and the warehouse built anew from it.

    Raises:
        StoreError: the object store cannot be reached.
        WarehouseError: it cannot be built.
    """
    from acecoder_dagster.data.home import Home

    home = Home.from_environment()
    if home.store.shared:
        # Not above: to ask the warehouse of one machine needs none of it.
        from acecoder_dagster.graph.refresh.folder_settings import remembered_settings
        from acecoder_dagster.graph.resources import OpenProject
        from acecoder_dagster.graph.steps.warehouse import publish_warehouse

        if settings := remembered_settings(home.refreshed()):
            publish_warehouse(OpenProject(home, settings))
    return home.warehouse


@contextmanager
def past_warehouse(as_of: str) -> Iterator[Path]:
    """Build a warehouse of the tables as they were, which is there while the context is.

    Args:
        as_of: a moment in ISO 8601, in UTC where it does not say; a day alone means its end.

    Raises:
        BadParameter: it is no moment.
        NotKeptError: a version of that moment is no longer kept.
        WarehouseError: it cannot be built.
    """
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.data.warehouse import build_past_warehouse
    from acecoder_dagster.graph.refresh.folder_settings import remembered_settings
    from acecoder_dagster.settings import Settings

    moment, home = _moment(as_of), Home.from_environment().refreshed()
    settings = remembered_settings(home) or Settings()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / home.warehouse.name
        build_past_warehouse(home.lake, home.warehouse, moment, target, home.artifacts, settings.tests.unsealed_passes)
        yield target


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--as-of {text}: give a moment as 2026-11-28 or 2026-11-28T06:00") from None
    if len(text) <= len("2026-11-28"):
        moment = datetime.combine(moment, time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
