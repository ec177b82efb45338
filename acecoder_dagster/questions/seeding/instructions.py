"""Seed functions from instruction data sets, in the shapes in which they are published.

A shape is recognised by its columns: Magicoder's Evol-Instruct and OSS-Instruct, the Stack's Python functions, and our
own. A row's own licence counts before the manifest's.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.files import ROW, FileColumn, Problems, Source, read_source
from acecoder_dagster.files import TEXT as TEXT_COLUMN
from acecoder_dagster.python_source import NO_TREE, parse_source, unparse
from acecoder_dagster.questions.fenced_blocks import fenced_blocks
from acecoder_dagster.questions.seeding.errors import SeedError
from acecoder_dagster.questions.seeding.found import FoundSeed
from acecoder_dagster.questions.seeding.functions import names_loaded

_PYTHON = {"python", "py", "python3"}
_SHORTEST_FUNCTION = 100
"""Characters; shorter functions of the Stack are left out (AceCoder, preprocess.py of bigcode_python_fns)."""


@dataclass(frozen=True)
class Shape:
    """One published shape: the columns that it needs and may have, and where code and words are.

    Where `in_answer`, the code is the first Python block of the column.
    """

    name: str
    code: str
    instruction: str | None
    in_answer: bool
    optional: tuple[str, ...] = ()
    shortest: int = 0

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        """The columns to read."""
        needed = [self.code, *([self.instruction] if self.instruction else [])]
        optional = [name for name in (*self.optional, "licence", "license") if name not in needed]
        return (
            *(FileColumn(name, TEXT_COLUMN, "needed", required=True) for name in needed),
            *(FileColumn(name, TEXT_COLUMN, "read where it is there", default="") for name in optional),
        )


SHAPES = (
    Shape("Magicoder OSS-Instruct", "solution", "problem", True, optional=("lang",)),
    Shape("Magicoder Evol-Instruct", "response", "instruction", True, optional=("lang",)),
    Shape("acecoder seeds", "code", "instruction", False, optional=("source", "seed_id")),
    Shape("Stack Python functions", "content", None, False, optional=("sha1",), shortest=_SHORTEST_FUNCTION),
)
"""All shapes, the first that fits counts. A file may have further columns, which are not read."""


def read_data(address: str) -> tuple[Shape, Source]:
    """Read a file or a data set of the hub and recognise its shape.

    Raises:
        SeedError: it has the columns of no known shape.
        ImportFileError: it cannot be read.
    """
    source = read_source(address)
    for shape in SHAPES:
        if all(not column.required or column.name in source.column_names for column in shape.columns):
            return shape, source
    needed = "; ".join(f"{s.name}: {', '.join(c.name for c in s.columns if c.required)}" for s in SHAPES)
    raise SeedError(
        f"{address}: no known shape of instruction data. Columns needed: {needed}. "
        f"Columns found: {', '.join(sorted(source.column_names))}"
    )


def seeds_of_data(shape: Shape, source: Source, licence: str | None) -> Iterator[FoundSeed]:
    """Yield a seed for every row; of a row without usable Python one that says why.

    Raises:
        ImportFileError: a column has values that are no text.
    """
    problems = Problems()
    rows = source.typed(tuple(_lenient(column) for column in shape.columns), problems)
    problems.raise_if_any()
    for row in rows.with_columns(pl.col(pl.String).fill_null("")).iter_rows(named=True):
        upstream_id = row.get("seed_id") or row.get("sha1") or f"row {row[ROW]}"
        common = {
            "source": row.get("source") or source.name.partition(".")[0],
            "upstream_id": upstream_id,
            "upstream_revision": source.revision,
            "licence": row["licence"] or row["license"] or licence or "unknown",
            "instruction": (row[shape.instruction].strip() or None) if shape.instruction else None,
        }
        yield _seed(shape, row, common, f"{source.name} row {row[ROW]}")


def _lenient(column: FileColumn) -> FileColumn:
    """A row without code or words is a rejected row, not a broken file."""
    return FileColumn(column.name, column.kind, column.meaning, default="")


def _seed(shape: Shape, row: dict[str, str], common: dict[str, str | None], where: str) -> FoundSeed:
    def rejected(reason: Reason, evidence: str) -> FoundSeed:
        return FoundSeed(**common, reason=reason, evidence=f"{where}: {evidence}")  # type: ignore[arg-type]

    text = row[shape.code]
    if row.get("lang", "python").lower() not in {"", "python"}:
        return rejected(Reason.NOT_PYTHON, f"its language is {row['lang']}")
    if shape.in_answer:
        blocks = fenced_blocks(text.replace("\r\n", "\n"))
        code = next((block.text for block in blocks if block.complete and block.language in _PYTHON), None)
        if code is None:
            return rejected(Reason.NO_PYTHON_BLOCK, f"{shape.code} has no ```python block: {text[:200]}")
        text = code
    if len(text) < shape.shortest:
        return rejected(Reason.TOO_SHORT, f"{len(text)} characters, at least {shape.shortest} are needed")
    try:
        tree = parse_source(text)
    except NO_TREE as error:
        return rejected(Reason.DOES_NOT_PARSE, f"{type(error).__name__}: {error}")
    body = [line for line in tree.body if not _is_usage(line)]
    if not any(isinstance(line, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for line in body):
        return rejected(Reason.NO_FUNCTION_OR_CLASS, f"the code defines neither: {text[:200]}")
    entry_point = main_function(body)
    documentation = next(
        (ast.get_docstring(f) for f in body if isinstance(f, ast.FunctionDef) and f.name == entry_point), None
    )
    common["instruction"] = common["instruction"] or documentation
    code = unparse(ast.Module(body, [])) + "\n"
    return FoundSeed(**common, code=code, own_code=code, entry_point=entry_point)  # type: ignore[arg-type]


def main_function(body: list[ast.stmt]) -> str:
    """Return the function that the code is about: the last that no other one uses, "" where there is none."""
    functions = [line for line in body if isinstance(line, ast.FunctionDef)]
    others: set[str] = set().union(*(names_loaded(line) - {getattr(line, "name", "")} for line in body))
    free = [function.name for function in functions if function.name not in others]
    return (free or [function.name for function in functions] or [""])[-1]


def _is_usage(line: ast.stmt) -> bool:
    """Tell whether a statement only shows how the code is used: a call by itself, or the main guard."""
    if isinstance(line, ast.Expr):
        return isinstance(line.value, ast.Call)
    is_guard = isinstance(line, ast.If) and isinstance(line.test, ast.Compare)
    return is_guard and "__name__" in names_loaded(line)
