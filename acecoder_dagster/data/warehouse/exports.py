"""Tables made from the warehouse by the files in `sql/exports`, to be stored or published as Parquet."""

import re
from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.warehouse.build import model_files
from acecoder_dagster.data.warehouse.query import run_query
from acecoder_dagster.paths import project_folder

_CREATED = re.compile(r"^CREATE (?:TABLE|VIEW|MACRO) (\w+)", re.MULTILINE)
_COMMENT = re.compile(r"--.*|^COMMENT ON [^;]*;", re.MULTILINE)


def export_sql(name: str) -> str:
    """Return the SQL of `sql/exports/<name>.sql`."""
    return (project_folder("sql") / "exports" / f"{name}.sql").read_text(encoding="utf-8")


def export_version(name: str) -> str:
    """Return a hash of the SQL that an export's rows depend on: its own, and of `sql/models` what that goes back to.

    Comments do not count.
    """
    models = {path.name: _without_comments(path.read_text(encoding="utf-8")) for path in model_files()}
    made_by = {created: file for file, text in models.items() for created in _CREATED.findall(text)}
    texts = [_without_comments(export_sql(name))]
    used: set[str] = set()
    for text in texts:
        for file in sorted({made_by[word] for word in re.findall(r"\w+", text) if word in made_by} - used):
            used.add(file)
            texts.append(models[file])
    return text_id(*texts)


def _without_comments(sql: str) -> str:
    return " ".join(_COMMENT.sub("", sql).split())


def export_rows(warehouse: Path, name: str) -> pl.DataFrame:
    """Return the rows that `sql/exports/<name>.sql` selects.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    return run_query(warehouse, export_sql(name))
