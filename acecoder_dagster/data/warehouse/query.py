"""Asking the warehouse: queries that `sql/queries` names, any other SQL, and what the tables mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from acecoder_dagster.data.warehouse.catalogue import TableDescription
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.reading import NO_VALUES, open_warehouse
from acecoder_dagster.data.warehouse.statements import COPY_OPTIONS, FileFormat
from acecoder_dagster.files import replace_file
from acecoder_dagster.paths import project_folder

VARIABLE = re.compile(r"getvariable\('(\w+)'\)")
"""How SQL reads a value that is set for it: DuckDB's own way, so the files run in any client."""

VARIABLE_COMMENT = re.compile(r"^-- set (\w+)( \(needed(, file)?\))?: (.*)$", re.MULTILINE)
"""The comment that says what a variable of a query means, whether it must be set, and whether it names a file."""

LOG_ENDING = ".wal"
"""DuckDB looks for a log beside every database that it opens."""


@dataclass(frozen=True)
class Variable:
    """A value that can be set for a query; of a file, the query may read it."""

    name: str
    meaning: str
    needed: bool
    is_file: bool


@dataclass(frozen=True)
class NamedQuery:
    """A file of `sql/queries`: its first line says what it answers, `-- set NAME: ...` what can be set."""

    description: str
    sql: str
    path: Path
    variables: tuple[Variable, ...]


def named_queries() -> dict[str, NamedQuery]:
    """Return the queries that come with the project, by name, in the order of names."""
    queries = {}
    for path in sorted((project_folder("sql") / "queries").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        found = VARIABLE_COMMENT.findall(sql)
        variables = tuple(Variable(name, meaning, bool(needed), bool(file)) for name, needed, file, meaning in found)
        queries[path.stem] = NamedQuery(sql.split("\n", 1)[0].removeprefix("--").strip(), sql, path, variables)
    return queries


def run_query(warehouse: Path, name_or_sql: str, values: Mapping[str, str] = NO_VALUES) -> pl.DataFrame:
    """Return the result of a named query, or of any SQL, which sees what the warehouse shows and nothing else.

    Args:
        warehouse: the DuckDB file.
        name_or_sql: name of a file in `sql/queries`, or SQL.
        values: what the SQL finds as `getvariable('name')`.

    Raises:
        WarehouseError: there is no warehouse yet, no query of that name, a value that the SQL does not read or one
            missing that it needs, the SQL is no single SELECT or looks elsewhere, or DuckDB refuses it.
    """
    sql, files = _sql(name_or_sql, values)
    with open_warehouse(warehouse, files) as reader:
        return reader.rows(sql, values)


def write_query(
    warehouse: Path,
    name_or_sql: str,
    target: Path,
    file_format: FileFormat,
    values: Mapping[str, str] = NO_VALUES,
) -> None:
    """Write the result of a query to a file; it may be larger than memory.

    Args:
        warehouse: the DuckDB file.
        name_or_sql: name of a file in `sql/queries`, or SQL.
        target: file to write, or to replace.
        file_format: csv with a header, json (one array of objects), or parquet.
        values: what the SQL finds as `getvariable('name')`.

    Raises:
        WarehouseError: as `run_query`, or the file cannot be written.
    """
    sql, files = _sql(name_or_sql, values)
    if not target.parent.is_dir():
        raise WarehouseError(f"{target}: there is no folder {target.parent}")

    def write(path: Path) -> None:
        with open_warehouse(warehouse, [*files, path]) as reader:
            reader.write(sql, path, file_format, values)

    replace_file(target, write)


def file_format_of(path: Path) -> FileFormat:
    """Return the format that the ending of a file's name says.

    Raises:
        WarehouseError: it says none.
    """
    for known in COPY_OPTIONS:
        if path.suffix == f".{known}":
            return known
    raise WarehouseError(
        f"{path}: give --format, or a name that ends in {', '.join(f'.{name}' for name in COPY_OPTIONS)}"
    )


def describe(warehouse: Path) -> list[TableDescription]:
    """Return every table and view with its columns and comments, those meant for people first.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    with open_warehouse(warehouse) as reader:
        return reader.tables()


def _sql(name_or_sql: str, values: Mapping[str, str]) -> tuple[str, list[Path]]:
    """Return the SQL of a named query and the files that it may read, or the text itself where it is SQL.

    A statement has more than one word, a name has one.
    """
    name = name_or_sql.strip()
    if len(name.split()) > 1:
        _refuse_unread(values, set(VARIABLE.findall(name_or_sql)), "the SQL")
        return name_or_sql, []
    queries = named_queries()
    if name not in queries:
        raise WarehouseError(f"no query is called {name!r}; there are: {', '.join(queries)}")
    query = queries[name]
    _refuse_unread(values, {variable.name for variable in query.variables}, f"query {name}")
    for variable in query.variables:
        if variable.needed and variable.name not in values:
            raise WarehouseError(f"query {name} needs --set {variable.name}=...: {variable.meaning}")
    named = [values[variable.name] for variable in query.variables if variable.is_file and variable.name in values]
    return query.sql, [Path(file + ending) for file in named for ending in ("", LOG_ENDING)]


def _refuse_unread(values: Mapping[str, str], read: set[str], who: str) -> None:
    for name in values:
        if name not in read:
            known = f"it reads {', '.join(sorted(read))}" if read else "it reads nothing that can be set"
            raise WarehouseError(f"{who} does not read {name!r}: {known}")
