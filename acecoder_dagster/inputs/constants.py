"""What a program's own text says about the values that it tells apart."""

import ast
import re

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from acecoder_dagster.inputs.kinds import examples

_LONGEST_CONSTANT = 30
_MATCHES = 4
"""Texts per regular expression."""

_SPECIAL = re.compile(r"[\\\[\](){}*+?.^$|]")


def constants_of(code: ast.AST) -> list[object]:
    """Return the texts and numbers in some code, docstrings aside, and texts that its regular expressions match."""
    documentation = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(code)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module | ast.AsyncFunctionDef)
    }
    values = [node.value for node in ast.walk(code) if isinstance(node, ast.Constant)]
    found: list[object] = [value for value in values if type(value) in (int, float)]
    texts = [value for value in values if isinstance(value, str) and value and value not in documentation]
    short = [text for text in texts if len(text) <= _LONGEST_CONSTANT]
    matches = [match for text in texts for match in _matches(text) if len(match) <= _LONGEST_CONSTANT]
    return [*found, *short, *matches]


def _matches(text: str) -> list[str]:
    """Return texts that match in full if the text is a regular expression, nothing else."""
    if not _SPECIAL.search(text):
        return []
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return []
    try:
        return examples(st.from_regex(pattern, fullmatch=True), _MATCHES)
    except HypothesisException:  # what looks back or ahead may match nothing that can be drawn
        return []
