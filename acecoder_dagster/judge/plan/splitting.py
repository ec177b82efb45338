"""Splits a test into what the program is asked, and what is compared with its answer.

`assert sorted(f([2, 1])) == [1, 2]` becomes the call `f([2, 1])` and the comparison `sorted(__r0) == [1, 2]`. The call
goes to the program's sandbox, the comparison never does. So a program can only claim values: to pass by fraud it would
have to know the right ones.

Tests are texts that a language model wrote: they are parsed here, never executed.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from acecoder_dagster.judge.plan.names import bound_names, loaded_names, needed, reached, text, top_names
from acecoder_dagster.judge.plan.safe_comparisons import may_execute_values
from acecoder_dagster.python_source import NO_TREE, parse_source

MAX_TEST_BYTES = 100_000
PLACEHOLDER = "__r"
_BUILTIN_NAMES = frozenset(dir(builtins))
_PLAIN_TYPES = (str, bytes, list, tuple, dict, set, frozenset, int, float, complex)
_PLAIN_ATTRIBUTES = frozenset(name for kind in _PLAIN_TYPES for name in dir(kind))
_DECIDING_ATTRIBUTES = frozenset({"startswith", "endswith", "count", "index", "find", "issubset", "issuperset"})
_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
_DECISIONS = (ast.Compare, ast.BoolOp, ast.Not)
_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


class NotSplittableError(Exception):
    """The test needs the program's own objects, or does not have a form that can be split."""


@dataclass(frozen=True, slots=True)
class SplitTest:
    """A test in two parts.

    Attributes:
        prelude: imports and definitions that the comparison needs before it.
        call_prelude: those of them that the calls need; what is expected must not be among them.
        calls: expressions that the program evaluates, in order; call i is the placeholder `__r<i>` in the comparison.
        modules: modules that the test uses without importing them, because the program should have.
        comparison: an expression over the placeholders, which is true where the test passes.
        is_shown: whether the comparison uses what the setup code defines, which the program can see.
    """

    prelude: str
    call_prelude: str
    calls: tuple[str, ...]
    modules: tuple[str, ...]
    comparison: ast.expr
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Setup:
    """What the setup code of a question defines.

    Attributes:
        comparison_code: the part of it that does not need the program.
        fixed_names: names of modules, functions, classes and constants: no call changes what they stand for.
        changeable_names: names of values that a call could change in place.
        shown_names: names whose values the program can see: all but those of modules.
    """

    comparison_code: str
    fixed_names: frozenset[str]
    changeable_names: frozenset[str]
    shown_names: frozenset[str]


def read_setup(setup_code: str, entry_point: str) -> Setup:
    """Find what the setup code of a question defines without the program.

    Args:
        setup_code: Python text, possibly empty or broken.
        entry_point: the name the tests call.

    Returns:
        The names it defines. Of code that needs the program, or is broken, only the imports count.
    """
    try:
        body = _parse(setup_code)
        fixed, changeable = _defined_names(body)
        if not _foreign_names(body, entry_point, fixed | changeable):
            return Setup(setup_code, fixed, changeable, _shown_names(body))
    except NotSplittableError:
        return Setup("", frozenset(), frozenset(), frozenset())
    imports = [statement for statement in body if isinstance(statement, _IMPORTS)]
    fixed, _ = _defined_names(imports)
    return Setup(text(imports), fixed, frozenset(), frozenset())


def split_test(test: str, entry_point: str, setup: Setup) -> SplitTest:
    """Split one test.

    Args:
        test: Python text: assert statements, possibly after imports and definitions.
        entry_point: the function or class under test.
        setup: what the setup code defines.

    Returns:
        The calls and the comparison.

    Raises:
        NotSplittableError: values alone cannot decide the test.
    """
    body = _parse(test)
    asserts = [statement for statement in body if isinstance(statement, ast.Assert)]
    prelude = [statement for statement in body if not isinstance(statement, ast.Assert)]
    if not asserts or prelude != body[: len(prelude)]:
        raise NotSplittableError("not a list of assert statements after definitions")
    fixed, changeable = _defined_names(prelude)
    fixed, changeable = fixed | setup.fixed_names, changeable | setup.changeable_names
    if _foreign_names(prelude, entry_point, fixed | changeable):
        raise NotSplittableError("calls the program before the first assert")
    conditions = [statement.test for statement in asserts]
    condition = conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), conditions)
    splitter = _Splitter(entry_point, fixed | changeable | bound_names([condition]))
    try:
        comparison = cast(ast.expr, splitter.visit(condition))
        _refuse_comparing_own_objects(comparison, splitter.roots, entry_point)
        calls = tuple(ast.unparse(call) for call in splitter.calls)
        definitions = [*_parse(setup.comparison_code), *prelude]
        compared = reached(definitions, loaded_names([comparison]))
        if may_execute_values(definitions, compared):
            raise NotSplittableError("the comparison may do more with a value than compare it")
        shared = reached(prelude, loaded_names(splitter.calls)) & compared & (changeable | _shown_names(prelude))
        if shared:
            raise NotSplittableError(f"the program would see, and may change, {min(shared)}, which is compared")
        modules = tuple(sorted(loaded_names([comparison]) & splitter.modules))
        call_prelude = needed(prelude, loaded_names(splitter.calls))
        is_shown = bool(compared & setup.shown_names)
        return SplitTest(text(prelude), text(call_prelude), calls, modules, comparison, is_shown)
    except RecursionError as error:
        raise NotSplittableError("nested too deeply") from error


def names_defined(test: str) -> frozenset[str]:
    """Return the names that a test defines for later tests; none where it does not parse."""
    try:
        body = _parse(test)
    except NotSplittableError:
        return frozenset()
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif not isinstance(statement, ast.Assert):
            names |= bound_names([statement])
    return frozenset(names)


def names_used(test: str) -> frozenset[str]:
    """Return the names that a test reads; none where it does not parse."""
    try:
        return loaded_names(_parse(test))
    except NotSplittableError:
        return frozenset()


class _Splitter(ast.NodeTransformer):
    """Replaces calls of the program, each with all that belongs to it, by placeholders."""

    def __init__(self, entry_point: str, known: frozenset[str]) -> None:
        self.entry_point = entry_point
        self.known = known
        self.calls: list[ast.expr] = []
        self.roots: list[str] = []
        self.modules: set[str] = set()

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            raise NotSplittableError(f"contains {type(node).__name__}")
        if isinstance(node, ast.Name):
            return self._visit_name(node)
        if isinstance(node, _SCOPES) and self._foreign_names_in(node):
            if not self._only_collects_calls(node):
                raise NotSplittableError("calls the program inside a comprehension or lambda")
            return self._placeholder(cast(ast.expr, node), self.entry_point)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "asyncio.run" and self._foreign_names_in(node):
            return self._placeholder(node, self.entry_point)  # a coroutine is no value
        if isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
            root = _root_name(node)
            if root is not None and self._is_foreign(root):
                return self._visit_chain(node, root)
        return self.generic_visit(node)

    def _only_collects_calls(self, node: ast.AST) -> bool:
        """Whether this is `f(x) for x in ...`: nothing but calls of the program, and no decision."""
        if not isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return False
        root = _root_name(node.elt)
        if root is None or not self._is_foreign(root) or not isinstance(node.elt, ast.Call):
            return False
        used = loaded_names([node.elt]) | loaded_names(part for g in node.generators for part in g.ifs)
        targets = bound_names([generator.target for generator in node.generators])
        return targets <= used and not any(isinstance(part, _DECISIONS) for part in ast.walk(node))

    def _visit_name(self, node: ast.Name) -> ast.AST:
        if self._is_foreign(node.id):
            raise NotSplittableError(f"needs the program's own {node.id}")
        if node.id not in self.known and node.id not in _BUILTIN_NAMES:
            self.modules.add(node.id)
        return node

    def _visit_chain(self, node: ast.expr, root: str) -> ast.AST:
        links = _chain(node)
        first_call = next((i for i, link in enumerate(links) if isinstance(link, ast.Call)), None)
        if first_call is None:
            raise NotSplittableError(f"needs the program's own {root}")
        last = _last_link_of_object(links, first_call) if root[:1].isupper() else _last_own_link(links, first_call)
        asked = links[last]
        if not root[:1].isupper() and any(map(_asks_method, links[first_call : last + 1])):
            raise NotSplittableError("asks what the program returned about a value")
        inside = loaded_names([argument for link in links[: last + 1] for argument in _arguments(link)])
        if root != self.entry_point and self.entry_point in inside:
            raise NotSplittableError(f"{root} would see what is compared")
        if last == len(links) - 1:
            return self._placeholder(asked, root)
        outer = links[last + 1]
        placeholder = self._placeholder(asked, root)
        if isinstance(outer, ast.Call):
            outer.func = placeholder
        elif isinstance(outer, (ast.Attribute, ast.Subscript)):
            outer.value = placeholder
        for link in links[last + 1 :]:
            self._visit_arguments(link)
        return node

    def _visit_arguments(self, link: ast.expr) -> None:
        if isinstance(link, ast.Call):
            link.args = [self.visit(argument) for argument in link.args]  # type: ignore[misc]
            for keyword in link.keywords:
                keyword.value = self.visit(keyword.value)  # type: ignore[assignment]
        elif isinstance(link, ast.Subscript):
            link.slice = self.visit(link.slice)  # type: ignore[assignment]

    def _placeholder(self, node: ast.expr, root: str) -> ast.Name:
        self.calls.append(node)
        self.roots.append(root)
        return ast.Name(f"{PLACEHOLDER}{len(self.calls) - 1}", ast.Load())

    def _is_foreign(self, name: str) -> bool:
        return _is_foreign(name, self.entry_point, self.known)

    def _foreign_names_in(self, node: ast.AST) -> bool:
        return any(self._is_foreign(name) for name in loaded_names([node]))


def _is_foreign(name: str, entry_point: str, known: frozenset[str]) -> bool:
    """Whether this name can only be the program's."""
    if name == entry_point:
        return True
    return name not in known and name not in _BUILTIN_NAMES and name not in sys.stdlib_module_names


def _foreign_names(nodes: Iterable[ast.AST], entry_point: str, known: frozenset[str]) -> bool:
    nodes = list(nodes)
    known |= bound_names(nodes)
    return any(_is_foreign(name, entry_point, known) for name in loaded_names(nodes))


def _refuse_comparing_own_objects(comparison: ast.expr, roots: list[str], entry_point: str) -> None:
    """Refuse comparisons of two objects of the program, such as `f(1) == Point(1, 2)`: values cannot decide them."""
    own = {f"{PLACEHOLDER}{i}" for i, root in enumerate(roots) if root != entry_point}
    for node in ast.walk(comparison):
        if isinstance(node, ast.Compare):
            sides = [loaded_names([side]) for side in (node.left, *node.comparators)]
            asked = [side for side in sides if any(name.startswith(PLACEHOLDER) for name in side)]
            if len(asked) > 1 and any(side & own for side in asked):
                raise NotSplittableError("compares two objects of the program")


def _chain(node: ast.expr) -> list[ast.expr]:
    """The links of `f(x)[0].strip()`, from the name outwards."""
    links = []
    current: ast.expr = node
    while True:
        links.append(current)
        if isinstance(current, ast.Call):
            current = current.func
        elif isinstance(current, (ast.Attribute, ast.Subscript)):
            current = current.value
        else:
            return links[::-1]


def _root_name(node: ast.expr) -> str | None:
    root = _chain(node)[0]
    return root.id if isinstance(root, ast.Name) else None


def _last_link_of_object(links: list[ast.expr], first_call: int) -> int:
    """The last link evaluated in the program, of a chain that begins with a class; it asks nothing about a value."""
    for position, link in enumerate(links):
        if position > first_call + 1 and isinstance(link, ast.Attribute) and link.attr in _DECIDING_ATTRIBUTES:
            return position - 1
    return len(links) - 1


def _last_own_link(links: list[ast.expr], first_call: int) -> int:
    """The last link that is evaluated in the program; attributes of plain values are read where values are compared."""
    last = first_call
    for position, link in enumerate(links):
        if position > first_call and isinstance(link, ast.Call) and not isinstance(links[position - 1], ast.Attribute):
            last = position  # calls what a call returned
        if position > first_call and isinstance(link, ast.Attribute) and link.attr not in _PLAIN_ATTRIBUTES:
            follows = position + 1 < len(links) and isinstance(links[position + 1], ast.Call)
            last = position + 1 if follows else position
    return last


def _asks_method(link: ast.expr) -> bool:
    """Whether this calls a method with arguments."""
    return isinstance(link, ast.Call) and isinstance(link.func, ast.Attribute) and bool(_arguments(link))


def _arguments(link: ast.expr) -> list[ast.AST]:
    if isinstance(link, ast.Call):
        return [*link.args, *link.keywords]
    return [link.slice] if isinstance(link, ast.Subscript) else []


def _parse(text: str) -> list[ast.stmt]:
    if len(text) > MAX_TEST_BYTES:
        raise NotSplittableError("too long")
    try:
        return parse_source(text).body
    except NO_TREE as error:
        raise NotSplittableError(f"does not parse: {error}") from error


def _shown_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that statements define, without those of modules."""
    names = [top_names(statement) for statement in statements if not isinstance(statement, _IMPORTS)]
    return frozenset().union(*names)


def _defined_names(statements: Iterable[ast.stmt]) -> tuple[frozenset[str], frozenset[str]]:
    """Names that statements define: first those that no call can change, then those that a call could change.

    Raises:
        NotSplittableError: a statement is neither a definition nor an assignment to names.
    """
    fixed: set[str] = set()
    changeable: set[str] = set()
    for statement in statements:
        if isinstance(statement, _DEFINITIONS):
            if any(alias.name == "*" for alias in getattr(statement, "names", [])):
                raise NotSplittableError("imports every name of a module")
            fixed |= top_names(statement)
        elif isinstance(statement, ast.Assign):
            names = bound_names(statement.targets)
            if isinstance(statement.value, ast.Constant):
                fixed |= names
            else:
                changeable |= names
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            raise NotSplittableError(f"contains {type(statement).__name__}")
    return frozenset(fixed - changeable), frozenset(changeable)
