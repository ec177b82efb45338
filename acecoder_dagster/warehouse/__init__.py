"""The tables that people query: a DuckDB file built from the lake by the files in `sql/models`.

Belongs here: building the file, running SQL on it, describing it.
Does not belong here: SQL (it lies in `sql/`), the lake's files (`lake`), Dagster.
"""

from acecoder_dagster.warehouse.build import WarehouseFigures, build_warehouse, models_version
from acecoder_dagster.warehouse.catalogue import ColumnDescription, TableDescription
from acecoder_dagster.warehouse.errors import WarehouseError
from acecoder_dagster.warehouse.exports import export_rows
from acecoder_dagster.warehouse.query import NamedQuery, describe, named_queries, run_query

__all__ = [
    "ColumnDescription",
    "NamedQuery",
    "TableDescription",
    "WarehouseError",
    "WarehouseFigures",
    "build_warehouse",
    "describe",
    "export_rows",
    "models_version",
    "named_queries",
    "run_query",
]
