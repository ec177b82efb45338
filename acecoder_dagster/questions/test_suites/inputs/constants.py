"""The constants in a program's text: values that it probably tells apart."""

import ast
import re
import warnings

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from acecoder_dagster.questions.test_suites.inputs.kinds import examples

_LONGEST_CONSTANT = 30
_MATCHES = 4
"""Texts per regular expression."""

_ASCII = st.characters(max_codepoint=126)


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
    matches = [match for text in texts for match in _matches(text)] if _uses_expressions(code) else []
    return [*found, *short, *(match for match in matches if len(match) <= _LONGEST_CONSTANT)]


def _uses_expressions(code: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "re" for node in ast.walk(code))


def _matches(text: str) -> list[str]:
    """Return texts that match in full if the text is a regular expression, nothing else."""
    if re.escape(text) == text or "(?=" in text or "(?!" in text or "(?<" in text:
        # What looks ahead or back is drawn by trying: for seconds, and often in vain.
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of expressions that will mean something else one day
        try:
            return examples(st.from_regex(re.compile(text), fullmatch=True, alphabet=_ASCII), _MATCHES)
        except (re.error, OverflowError, RecursionError, HypothesisException):
            return []
