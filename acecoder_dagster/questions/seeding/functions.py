"""Functions of a module as programs that stand alone: with the imports, constants and helpers that they use.

By syntax trees: nothing is cut out of text, and nothing is executed.
"""

import ast
import builtins
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.python_source import parse_source, unparse

MAX_PROGRAM_CHARACTERS = 20_000
"""A function that needs more of its module than this is too large for a question about one function."""

_ALWAYS_KNOWN = frozenset(dir(builtins)) | {"__name__", "__doc__"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class FoundFunction:
    """A function of a module: `own` is the function by itself, `program` the same with all that it uses.

    `reason` says why it cannot stand alone, if so, and `evidence` what the reason is about.
    """

    name: str
    own: str
    program: str
    documentation: str | None
    reason: Reason | None = None
    evidence: str = ""


class Module:
    """A parsed module, asked for its functions.

    `package` is the dotted name of the package that the module belongs to, None for a script; relative imports become
    absolute ones by it. `importable` says that sandboxes have this package.
    """

    def __init__(self, source: str, package: str | None = None, *, importable: bool = False) -> None:
        """Parse the source.

        Raises:
            SyntaxError: it is no Python.
            ValueError: it holds a zero byte.
            RecursionError: it is nested too deeply.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            self._body = parse_source(source).body
        self._used_at: dict[int, set[str]] = {}
        self._package = package
        self._importable = importable

    def functions(self) -> Iterator[FoundFunction]:
        """Yield the functions that the module defines at its top level, in order; of a redefined one the last."""
        last = {node.name: node for node in self._body if isinstance(node, ast.FunctionDef)}
        for name, node in last.items():
            yield self._found(name, node)

    def _found(self, name: str, node: ast.FunctionDef) -> FoundFunction:
        documentation = ast.get_docstring(node)
        needed, unknown = self._needed(name)
        own = unparse(node)
        if unknown:
            evidence = f"uses {', '.join(sorted(unknown))}, which its module does not define"
            return FoundFunction(name, own, own, documentation, Reason.UNKNOWN_NAME, evidence)
        relative = [line for line in needed if isinstance(line, ast.ImportFrom) and line.level]
        if relative and not self._importable:
            evidence = "; ".join(unparse(line) for line in relative)
            return FoundFunction(name, own, own, documentation, Reason.OWN_PACKAGE, evidence)
        program = unparse(ast.Module([self._absolute(line) for line in needed], []))
        if len(program) > MAX_PROGRAM_CHARACTERS:
            evidence = f"{len(program):,} characters with what it uses, the limit is {MAX_PROGRAM_CHARACTERS:,}"
            return FoundFunction(name, own, own, documentation, Reason.PROGRAM_TOO_LONG, evidence)
        return FoundFunction(name, own, program + "\n", documentation)

    def _needed(self, name: str) -> tuple[list[ast.stmt], set[str]]:
        """Return the statements that the function needs, itself included, in order, and names that nothing defines."""
        binders = self._binders
        wanted: dict[int, set[str]] = {}
        unknown: set[str] = set()
        seen = {name}
        pending = [name]
        while pending:
            current = pending.pop()
            for place in binders.get(current, ()):
                is_new = place not in wanted
                wanted.setdefault(place, set()).add(current)
                if is_new and not isinstance(self._body[place], _IMPORTS):
                    used = self._used(place) - seen
                    unknown |= {each for each in used if each not in binders and each not in _ALWAYS_KNOWN}
                    pending.extend(used)
                    seen |= used
        if unknown and self._star_imports:
            # What `from x import *` brings is not known here: the sandbox will say.
            wanted |= {place: {"*"} for place in self._star_imports}
            unknown = set()
        futures = [line for line in self._body if isinstance(line, ast.ImportFrom) and line.module == "__future__"]
        return [*futures, *(_trimmed(self._body[place], names) for place, names in sorted(wanted.items()))], unknown

    def _used(self, place: int) -> set[str]:
        if place not in self._used_at:
            self._used_at[place] = names_loaded(self._body[place])
        return self._used_at[place]

    @cached_property
    def _star_imports(self) -> list[int]:
        return [
            place
            for place, line in enumerate(self._body)
            if not isinstance(line, _SCOPES)
            for node in ast.walk(line)
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        ]

    @cached_property
    def _binders(self) -> dict[str, list[int]]:
        """Places of the statements that give a name its value or change it; `__future__` imports are left out."""
        binders: dict[str, list[int]] = {}
        for place, line in enumerate(self._body):
            if isinstance(line, ast.ImportFrom) and line.module == "__future__":
                continue
            for name in names_bound([line]) | _names_changed(line):
                binders.setdefault(name, []).append(place)
        return binders

    def _absolute(self, line: ast.stmt) -> ast.stmt:
        if not isinstance(line, ast.ImportFrom) or not line.level:
            return line
        parts = (self._package or "").split(".")
        base = parts[: len(parts) - line.level + 1]
        return ast.ImportFrom(".".join([*base, *([line.module] if line.module else [])]), line.names, 0)


def names_bound(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind in their own scope, in branches and loops too."""
    names: set[str] = set()
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, _IMPORTS):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names} - {"*"}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
        if not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))
    return names


def _names_changed(line: ast.stmt) -> set[str]:
    """Return the names whose values a statement of the module changes in place: `table[key] = 1`, `names.append(x)`."""
    if isinstance(line, (*_SCOPES, *_IMPORTS)):
        return set()
    changed: list[ast.expr] = []
    for node in ast.walk(line):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            changed.append(node.value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            changed += [called.value] if isinstance(called, ast.Attribute) else []
    return {node.id for node in changed if isinstance(node, ast.Name)}


def names_loaded(tree: ast.AST) -> set[str]:
    """Return the names that code takes from outside of itself: loaded somewhere, and bound in none of its functions.

    A name that one function binds and another takes from the module counts as taken.
    """
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return _function_loads(tree)
    if isinstance(tree, ast.ClassDef):
        inner = set().union(*(names_loaded(line) for line in tree.body)) - names_bound(tree.body)
        outside = [*tree.decorator_list, *tree.bases, *(word.value for word in tree.keywords)]
        return inner.union(*(names_loaded(each) for each in outside))
    if isinstance(tree, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        targets = {n.id for g in tree.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        return set().union(*(names_loaded(child) for child in ast.iter_child_nodes(tree))) - targets
    if isinstance(tree, ast.Name):
        return {tree.id} if isinstance(tree.ctx, ast.Load) else set()
    return set().union(*(names_loaded(child) for child in ast.iter_child_nodes(tree)))


def _function_loads(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    outside: list[ast.AST] = [*arguments.defaults, *(each for each in arguments.kw_defaults if each is not None)]
    outside += [each.annotation for each in parameters if each.annotation is not None]
    if isinstance(function, ast.Lambda):
        body: list[ast.AST] = [function.body]
        bound = {each.arg for each in parameters}
    else:
        body = list(function.body)
        shared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
        bound = ({each.arg for each in parameters} | names_bound(function.body)) - shared
        outside += [*function.decorator_list, *([function.returns] if function.returns else [])]
        outside += [ast.Name(name, ast.Load()) for name in shared]
    inside = set().union(*(names_loaded(line) for line in body)) - bound
    return inside.union(*(names_loaded(each) for each in outside))


def _trimmed(line: ast.stmt, names: set[str]) -> ast.stmt:
    """Return an import with those of its names that are wanted; any other statement as it is."""
    if isinstance(line, ast.Import):
        return ast.Import([alias for alias in line.names if (alias.asname or alias.name.partition(".")[0]) in names])
    if isinstance(line, ast.ImportFrom):
        wanted = [alias for alias in line.names if (alias.asname or alias.name) in names]
        return ast.ImportFrom(line.module, wanted, line.level)
    return line
