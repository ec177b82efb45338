"""Publishing the warehouse from an asset."""

import dagster as dg

from acecoder_dagster.orchestration.metadata import Metadata
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.warehouse import build_warehouse


def publish_warehouse(project: Project) -> Metadata:
    """Build the warehouse from the current tables, put it in the place of the old one, and return its metadata."""
    built = build_warehouse(project.lake, project.home.warehouse, project.home.artifacts)
    return {
        "dagster/uri": dg.MetadataValue.path(str(built.path)),
        "build_seconds": built.seconds,
        "megabytes": built.bytes / 1e6,
        **{f"rows_{table}": rows for table, rows in built.rows.items()},
    }
