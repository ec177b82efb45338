"""evalplus's and bigcodebench's `sanitize`: imports, and the definitions that the entry point needs.

A port of evalplus/sanitize.py (evalplus 0.3.1, Apache-2.0) and bigcodebench/sanitize.py (bigcodebench 0.2.5,
Apache-2.0). The packages are no dependencies: they bring vLLM, and clients of four services. Their parser, tree-sitter,
is one, because what it takes for a definition, and where one ends, decides about the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from acecoder_dagster.evaluation.benchmarks.extraction.longest_code import longest_code

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_IMPORTS = ("import_statement", "import_from_statement")


def evalplus_sanitize(text: str, entry_point: str) -> str:
    """Return imports and needed definitions of the longest code in a text; the code where nothing is left.

    Functions count only where they return something.
    """
    return _needed(longest_code(text), entry_point, only_returning=True).strip() or longest_code(text)


def bigcodebench_sanitize(text: str, entry_point: str) -> str:
    """Return the same for BigCodeBench: all functions count, and uses of the entry point at the end are left out."""
    needed = _needed(longest_code(text.strip()), entry_point, only_returning=False)
    return _without_uses_at_end(needed, entry_point).strip() or longest_code(text)


def _needed(code: str, entry_point: str, *, only_returning: bool) -> str:
    source = code.encode()
    root = _parser().parse(source).root_node
    definitions = _definitions(root, only_returning)
    needed = _reachable(entry_point, {name: set(_identifiers(node)) for name, node in definitions})
    kept = [node for node in root.children if node.type in _IMPORTS]
    kept += [node for name, node in definitions if not entry_point or name in needed]
    return b"\n".join(source[node.start_byte : node.end_byte] for node in kept).decode()


@cache
def _parser() -> Parser:
    import tree_sitter_python
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_python.language()))


def _definitions(root: Node, only_returning: bool) -> list[tuple[str | None, Node]]:
    """Return the first definition of each name; an assignment to no plain name has the name None."""
    found: dict[str | None, Node] = {}
    for child in root.children:
        node = child
        if child.type == "expression_statement" and child.children[0].type == "assignment":
            node = child.children[0]
        elif child.type != "class_definition" and not (
            child.type == "function_definition" and (not only_returning or _returns(child))
        ):
            continue
        found.setdefault(_name(node), node)
    return list(found.items())


def _name(node: Node) -> str | None:
    return next((_text(child) for child in node.children if child.type == "identifier"), None)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _returns(node: Node) -> bool:
    return any(each.type == "return_statement" for each in _below(node))


def _identifiers(node: Node) -> Iterator[str]:
    return (_text(each) for each in _below(node) if each.type == "identifier")


def _below(node: Node) -> Iterator[Node]:
    # A sum of a thousand terms is a thousand nodes deep: too deep for a function that calls itself.
    waiting = list(node.children)
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.children


def _reachable(start: str, uses: dict[str | None, set[str]]) -> set[str]:
    waiting, found = [start], {start}
    while waiting:
        new = uses.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _without_uses_at_end(code: str, entry_point: str) -> str:
    """Return the code up to the first of the lines at its end, not indented, that name the entry point."""
    lines = code.splitlines()
    first = None
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].startswith(" "):
            break
        if entry_point in lines[number]:
            first = number
    return code if first is None else "\n".join(lines[:first])
