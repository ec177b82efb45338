"""Finds the one call of the program in a condition, and leaves a comparison of its value.

Python would make the calls of a condition one after another, and some not at all: `f(1) == [1] or f(2)`. So there is
exactly one call, and Python is sure to reach it. A condition with more of them is decided in another way.
"""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from typing import cast

from acecoder_dagster.judge.guest.child import CONVERSIONS
from acecoder_dagster.judge.plan.names import bound_names, loaded_names
from acecoder_dagster.python_source import NO_TREE, parse_source, unparse

PLACEHOLDER = "__r0"
"""Stands for the value of the call in a comparison."""

# Methods of plain values that answer yes or no, or are given what is expected: where values are compared, not before.
_DECIDING_NAMES = """
    startswith endswith count index rindex find rfind issubset issuperset isdisjoint __eq__ __ne__ __lt__ __le__ __gt__
    __ge__ __contains__ isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace
    istitle isupper is_integer
"""
_DECIDING_METHODS = frozenset(_DECIDING_NAMES.split())
_PLAIN_TYPES = frozenset(
    kind.__name__ for kind in (str, bytes, list, tuple, dict, set, frozenset, int, float, complex, bool)
)
# They ask for more of an object than its value.
_NEED_OBJECTS = frozenset({"callable", "hasattr", "getattr", "type", "issubclass", "vars", "dir", "id", "hash"})
_BUILTIN_NAMES = frozenset(dir(builtins))
_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


class NotSplittableError(Exception):
    """The test needs the program's own objects, or does not have a form that can be split."""


class EntryPoint:
    """The function or class under test, as tests write it: `f`, `Solution().f`, `module.f`."""

    def __init__(self, text: str) -> None:
        """Read it.

        Args:
            text: an expression without arguments; anything else is taken for one name.
        """
        self.text = text
        try:
            self._expression = unparse(parse_source(text))
        except NO_TREE:
            self._expression = text
        self.root = self._expression.partition(".")[0].removesuffix("()")

    @property
    def method(self) -> str:
        """The name after the last dot; empty where there is none."""
        return self._expression.rpartition(".")[2] if self.is_dotted else ""

    @property
    def is_dotted(self) -> bool:
        """Whether it is more than a name."""
        return self._expression != self.root

    def call_in(self, links: list[ast.expr]) -> int | None:
        """Return which link of a chain calls it; None where the chain is about something else."""
        for position, link in enumerate(links[:-1]):
            if unparse(link) == self._expression and isinstance(links[position + 1], ast.Call):
                return position + 1
        return None


def is_foreign(name: str, entry_root: str, known: frozenset[str]) -> bool:
    """Whether a name in a test can only be the program's."""
    if name == entry_root:
        return True
    return name not in known and name not in _BUILTIN_NAMES and name not in sys.stdlib_module_names


Conversion = tuple[str, dict[str, object]]
"""The name of a built-in function, and its named arguments."""


@dataclass(frozen=True, slots=True)
class FoundCall:
    """The call of the program in a condition.

    Attributes:
        call: what the program evaluates.
        conversions: what is then done to the value, inside out, before it is encoded; see `child.CONVERSIONS`.
        comparison: the condition, with the placeholder for the value.
        modules: names of modules that the comparison uses without an import.
    """

    call: ast.expr
    conversions: tuple[Conversion, ...]
    comparison: ast.expr
    modules: frozenset[str]


def find_call(
    condition: ast.expr, entry_point: EntryPoint, known: frozenset[str], own_functions: frozenset[str]
) -> FoundCall:
    """Find the call of the program in a condition, with all that belongs to it.

    Args:
        condition: an expression, which is changed in place.
        entry_point: the function or class under test.
        known: names that the test, or the setup code, defines.
        own_functions: those of them that are functions or classes written there.

    Raises:
        NotSplittableError: there is not exactly one call that Python is sure to make, or its value is not enough.
    """
    finder = _CallFinder(entry_point, known, own_functions)
    comparison = cast(ast.expr, finder.visit(condition))
    if finder.call is None:
        raise NotSplittableError("does not call the program")
    modules = loaded_names([comparison]) & finder.modules
    return FoundCall(finder.call, tuple(finder.conversions), comparison, modules)


class _CallFinder(ast.NodeTransformer):
    """Replaces the call by the placeholder."""

    def __init__(self, entry_point: EntryPoint, known: frozenset[str], own_functions: frozenset[str]) -> None:
        self.call: ast.expr | None = None
        self.conversions: list[Conversion] = []
        self.modules: set[str] = set()
        self._entry_point = entry_point
        self._known = known
        self._own_functions = own_functions
        self._may_not_be_reached = False

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            raise NotSplittableError(f"contains {type(node).__name__}")
        if isinstance(node, _SCOPES) and self._is_about_program(node):
            raise NotSplittableError("calls the program inside a comprehension or lambda")
        if isinstance(node, ast.Call) and unparse(node.func) == "asyncio.run" and self._is_about_program(node):
            return self._replaced(node)  # a coroutine is no value
        if isinstance(node, (ast.Call, ast.Attribute, ast.Subscript)):
            links = _chain(node)
            if isinstance(links[0], ast.Name) and self._is_foreign(links[0].id):
                return self._visit_chain(node, links, links[0].id)
        return cast(ast.AST, super().visit(node))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self._is_foreign(node.id):
            raise NotSplittableError(f"needs the program's own {node.id}")
        if node.id not in self._known and node.id not in _BUILTIN_NAMES:
            self.modules.add(node.id)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        node.values = [self._visit_part(value, number > 0) for number, value in enumerate(node.values)]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test = self._visit_part(node.test, False)
        node.body, node.orelse = self._visit_part(node.body, True), self._visit_part(node.orelse, True)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        node.left = self._visit_part(node.left, False)
        node.comparators = [self._visit_part(part, number > 0) for number, part in enumerate(node.comparators)]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) and node.func.id not in self._known else ""
        if name in CONVERSIONS and len(node.args) == 1 and _are_constants(node.keywords):
            argument = self.visit(node.args[0])
            if _is_placeholder(argument):
                options: dict[str, object] = {str(k.arg): cast(ast.Constant, k.value).value for k in node.keywords}
                self.conversions.append((name, options))
                return argument
            node.args = [cast(ast.expr, argument)]
            return node
        node = cast(ast.Call, self.generic_visit(node))
        if PLACEHOLDER in loaded_names([*node.args, *node.keywords]):
            is_own = bool(loaded_names([node.func]) & self._own_functions)
            is_other_kind = name == "isinstance" and not loaded_names(node.args[1:]) <= _PLAIN_TYPES
            if is_own or is_other_kind or name in _NEED_OBJECTS:
                raise NotSplittableError(f"{unparse(node.func)} may need the object itself")
        return node

    def _visit_part(self, node: ast.expr, may_not_be_reached: bool) -> ast.expr:
        before = self._may_not_be_reached
        self._may_not_be_reached |= may_not_be_reached
        visited = cast(ast.expr, self.visit(node))
        self._may_not_be_reached = before
        return visited

    def _visit_chain(self, node: ast.expr, links: list[ast.expr], root: str) -> ast.AST:
        """Replace the links of a chain that the program evaluates: all before a method that decides."""
        entry = self._entry_link(links, root)
        if entry is None:
            raise NotSplittableError(f"needs the program's own {root}")
        last = _last_link_of_program(links, entry)
        inside = loaded_names([argument for link in links[: last + 1] for argument in _arguments(link)])
        is_helper = root != self._entry_point.root or (
            self._entry_point.is_dotted and self._entry_point.call_in(links) is None
        )
        if is_helper and self._entry_point.root in inside:
            raise NotSplittableError(f"{root} would see what is compared")
        placeholder = self._replaced(links[last])
        if last == len(links) - 1:
            return placeholder
        method, call = links[last + 1], links[last + 2]
        cast(ast.Attribute, method).value = placeholder
        for link in (call, *links[last + 3 :]):
            self._visit_arguments(link)
        return node

    def _entry_link(self, links: list[ast.expr], root: str) -> int | None:
        """The link that is the call under test: of a class, the first method that is called on an object of it."""
        entry = self._entry_point.call_in(links)
        if entry is not None and self._entry_point.is_dotted:
            return entry
        first = next((i for i, link in enumerate(links) if isinstance(link, ast.Call)), None)
        if first is None or not root[:1].isupper():
            return first
        is_method = len(links) > first + 2 and isinstance(links[first + 1], ast.Attribute)
        return first + 2 if is_method and isinstance(links[first + 2], ast.Call) else first

    def _visit_arguments(self, link: ast.expr) -> None:
        if isinstance(link, ast.Call):
            link.args = [cast(ast.expr, self.visit(argument)) for argument in link.args]
            for keyword in link.keywords:
                keyword.value = cast(ast.expr, self.visit(keyword.value))
        elif isinstance(link, ast.Subscript):
            link.slice = cast(ast.expr, self.visit(link.slice))

    def _replaced(self, call: ast.expr) -> ast.Name:
        if self.call is not None:
            raise NotSplittableError("calls the program more than once")
        if self._may_not_be_reached:
            raise NotSplittableError("Python may not reach the call")
        self.call = call
        return ast.Name(PLACEHOLDER, ast.Load())

    def _is_foreign(self, name: str) -> bool:
        return is_foreign(name, self._entry_point.root, self._known)

    def _is_about_program(self, node: ast.AST) -> bool:
        return any(self._is_foreign(name) for name in loaded_names([node]) - bound_names([node]))


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


def _last_link_of_program(links: list[ast.expr], entry: int) -> int:
    """The last link that the program evaluates, of a chain whose call under test is the link `entry`.

    Raises:
        NotSplittableError: a method of what the call returned gets arguments, and could decide by them.
    """
    for position in range(entry + 1, len(links)):
        method, call = links[position - 1], links[position]
        if isinstance(method, ast.Attribute) and isinstance(call, ast.Call):
            if method.attr in _DECIDING_METHODS:
                return position - 2
            if _arguments(call):
                raise NotSplittableError("asks what the program returned about a value")
    return len(links) - 1


def _arguments(link: ast.expr) -> list[ast.AST]:
    if isinstance(link, ast.Call):
        return [*link.args, *link.keywords]
    return [link.slice] if isinstance(link, ast.Subscript) else []


def _are_constants(keywords: list[ast.keyword]) -> bool:
    values = [keyword.value.value if isinstance(keyword.value, ast.Constant) else ... for keyword in keywords]
    return all(keyword.arg for keyword in keywords) and all(type(v) in (bool, int, str, type(None)) for v in values)


def _is_placeholder(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == PLACEHOLDER
