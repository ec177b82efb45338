"""The tables that people query: a DuckDB file built from the lake by the files in `sql/models`.

Belongs here: building the file, running SQL on it, describing it.
Does not belong here: SQL (it lies in `sql/`), the lake's files (`lake`), Dagster.
"""

from acecoder_dagster.data.warehouse.build import (
    WarehouseFigures,
    build_past_warehouse,
    build_warehouse,
    models_version,
)
from acecoder_dagster.data.warehouse.catalogue import ColumnDescription, TableDescription
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.exports import export_rows, export_sql, export_version
from acecoder_dagster.data.warehouse.query import (
    NamedQuery,
    Variable,
    describe,
    file_format_of,
    named_queries,
    run_query,
    write_query,
)
from acecoder_dagster.data.warehouse.reading import WarehouseReader, open_warehouse
from acecoder_dagster.data.warehouse.reported import RunFigures, run_figures
from acecoder_dagster.data.warehouse.self_contained import export_warehouse
from acecoder_dagster.data.warehouse.statements import FileFormat

__all__ = [
    "ColumnDescription",
    "FileFormat",
    "NamedQuery",
    "RunFigures",
    "TableDescription",
    "Variable",
    "WarehouseError",
    "WarehouseFigures",
    "WarehouseReader",
    "build_past_warehouse",
    "build_warehouse",
    "describe",
    "export_rows",
    "export_sql",
    "export_version",
    "export_warehouse",
    "file_format_of",
    "models_version",
    "named_queries",
    "open_warehouse",
    "run_figures",
    "run_query",
    "write_query",
]
