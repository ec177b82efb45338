"""The names that Python statements read and bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from acecoder_dagster.python_source import unparse


def loaded_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that are read anywhere in these nodes, wherever they are bound."""
    return frozenset(
        part.id
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    )


def bound_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Return the names that are bound anywhere in these nodes.

    They are bound by assignments, imports, definitions, parameters and comprehensions; `import a.b` binds `a`.
    """
    names = set()
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                names.add(part.id)
            elif isinstance(part, ast.arg):
                names.add(part.arg)
            elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(part.name)
            elif isinstance(part, ast.alias):
                names.add((part.asname or part.name).partition(".")[0])
    return frozenset(names)


def top_names(statement: ast.stmt) -> frozenset[str]:
    """Return the names that one statement of a module binds in that module."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return frozenset({statement.name})
    return bound_names([statement])


def is_shared_import(statement: ast.stmt) -> bool:
    """Whether a statement imports modules for the program too: not under names that begin with an underscore."""
    if not isinstance(statement, (ast.Import, ast.ImportFrom)):
        return False
    return not all(name.startswith("_") for name in top_names(statement))


class Definitions:
    """Statements that define names: what each binds and reads is worked out once."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        """Read the statements, which must not change afterwards."""
        self._parts = [(statement, top_names(statement), loaded_names([statement])) for statement in statements]

    def __add__(self, other: Definitions) -> Definitions:
        """Return the statements of both."""
        both = Definitions([])
        both._parts = self._parts + other._parts
        return both

    @property
    def statements(self) -> list[ast.stmt]:
        """All statements."""
        return [statement for statement, _, _ in self._parts]

    def binding(self, names: frozenset[str]) -> list[ast.stmt]:
        """Return the statements that define these names."""
        return [statement for statement, bound, _ in self._parts if bound & names]

    def needed(self, names: frozenset[str]) -> list[ast.stmt]:
        """Return the statements that define these names, and the statements that those need in turn."""
        return self.binding(self.reached(names))

    def reached(self, names: frozenset[str]) -> frozenset[str]:
        """Return these names, and the names that the statements that define them read in turn."""
        while True:
            more = names.union(*(read for _, bound, read in self._parts if bound & names))
            if more == names:
                return names
            names = more


def text(statements: Iterable[ast.stmt]) -> str:
    """Return the statements as Python text."""
    return "\n".join(unparse(statement) for statement in statements)
