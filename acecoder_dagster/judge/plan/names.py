"""The names that Python statements read and bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable


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


def needed(statements: list[ast.stmt], names: frozenset[str]) -> list[ast.stmt]:
    """Return the statements that define these names, and the statements that those need in turn."""
    names = reached(statements, names)
    return [statement for statement in statements if top_names(statement) & names]


def reached(statements: list[ast.stmt], names: frozenset[str]) -> frozenset[str]:
    """Return these names, and the names that the statements that define them read in turn."""
    while True:
        defining = [statement for statement in statements if top_names(statement) & names]
        more = names | loaded_names(defining)
        if more == names:
            return names
        names = more


def text(statements: Iterable[ast.stmt]) -> str:
    """Return the statements as Python text."""
    return "\n".join(ast.unparse(statement) for statement in statements)
