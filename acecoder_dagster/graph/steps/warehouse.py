"""Publishing the warehouse from an asset."""

import subprocess
from importlib.metadata import version

import dagster as dg
from pydantic import BaseModel

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.data.tables import ALL_TABLES
from acecoder_dagster.data.warehouse import build_warehouse, models_version
from acecoder_dagster.files import read_json, replace_json
from acecoder_dagster.graph.metadata import Metadata, rounded
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.paths import PACKAGE

BUILT_FROM = ".built.json"
"""Ending of the file beside the warehouse that says what it was built from."""


def publish_warehouse(project: OpenProject) -> Metadata:
    """Build the warehouse from the current tables, put it in the place of the old one, and return its metadata.

    Where neither a table nor a file in `sql/models` changed since it was built, it stays.
    """
    target = project.home.warehouse
    key = warehouse_key(project)
    if warehouse_is_current(project, key):
        return {"dagster/uri": dg.MetadataValue.path(str(target)), "reused": True, "content_key": key}
    built = build_warehouse(
        project.lake,
        target,
        project.home.artifacts,
        project.settings.tests.unsealed_passes,
        {**flat_settings(project.settings), "code": code_version()},
    )
    replace_json(target.with_name(target.name + BUILT_FROM), {"content_key": key})
    return {
        "megabytes": rounded(built.bytes / 1e6),
        "build_seconds": rounded(built.seconds),
        **{f"rows_{table}": rows for table, rows in built.rows.items()},
        "reused": False,
        "dagster/uri": dg.MetadataValue.path(str(built.path)),
        "content_key": key,
    }


def warehouse_key(project: OpenProject) -> str:
    """Return the hash of everything the warehouse shows: tables, models, `sql/models`, and which passes count."""
    partitions = [
        (found.table, found.batch, found.rows_file.name) for t in ALL_TABLES for found in project.lake.partitions(t)
    ]
    models = {artifact.name: artifact.content_key for artifact in project.home.artifacts.all_current()}
    unsealed_passes = project.settings.tests.unsealed_passes
    return content_key(
        sql=models_version(),
        partitions=partitions,
        models=models,
        unsealed_passes=unsealed_passes,
    )


def warehouse_is_current(project: OpenProject, key: str) -> bool:
    """Return whether the warehouse on disk was built from what this key stands for."""
    target = project.home.warehouse
    built = read_json(target.with_name(target.name + BUILT_FROM))
    return built is not None and target.is_file() and built["content_key"] == key


def flat_settings(section: BaseModel, place: str = "") -> dict[str, str]:
    """Return all settings as text, each by its place, as `sampling.temperature`."""
    flat: dict[str, str] = {}
    for name, value in section:
        if isinstance(value, BaseModel):
            flat |= flat_settings(value, f"{place}{name}.")
        else:
            # The same text for a default of 0 and for the 0.0 that a file is read as.
            whole = isinstance(value, float) and value.is_integer()
            flat[place + name] = str(int(value) if whole else value)
    return flat


def code_version() -> str:
    """Return the version of the package, with the commit where it lies in a clone."""
    released = version("acecoder-dagster")
    if not (PACKAGE.parent / ".git").exists():
        return released
    described = subprocess.run(
        ["git", "-C", str(PACKAGE.parent), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{released} {described.stdout.strip()}".strip()
