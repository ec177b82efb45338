"""What is compared: the words of a text, the tokens of code, and the tokens of code without its own names."""

import builtins
import io
import keyword
import re
import tokenize
from collections.abc import Sequence

from acecoder_dagster.python_source import NO_TREE, bare_source

_WORD = re.compile(r"[^\W_]+")
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
_KNOWN_NAMES = frozenset(dir(builtins)) | frozenset(keyword.kwlist)
_NAME = "_"
"""What every name that the author chose becomes."""


def word_tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, without punctuation; `snake_case` is two words."""
    return _WORD.findall(text.lower())


def code_tokens(code: str) -> list[str]:
    """Return the tokens of Python code without comments, docstrings and layout; of other text, its words."""
    try:
        return [token.string for token in _tokens(code)]
    except (*NO_TREE, tokenize.TokenError):
        return word_tokens(code)


def canonical_tokens(code: str) -> list[str]:
    """Return `code_tokens` with every name that the author chose made the same.

    Names of builtins and attributes stay: they say what the code does.
    """
    try:
        tokens = _tokens(code)
    except (*NO_TREE, tokenize.TokenError):
        return word_tokens(code)
    canonical: list[str] = []
    for number, token in enumerate(tokens):
        is_attribute = number > 0 and tokens[number - 1].string == "."
        chosen = token.type == tokenize.NAME and token.string not in _KNOWN_NAMES and not is_attribute
        canonical.append(_NAME if chosen else token.string)
    return canonical


def ngrams(tokens: Sequence[str], length: int) -> set[str]:
    """Return all runs of `length` tokens; with fewer tokens one run of them all, with none an empty set."""
    if len(tokens) <= length:
        return {" ".join(tokens)} if tokens else set()
    return {" ".join(tokens[start : start + length]) for start in range(len(tokens) - length + 1)}


def _tokens(code: str) -> list[tokenize.TokenInfo]:
    """The tokens of the code as Python itself would write it, so that layout, brackets and quotes do not count."""
    readline = io.StringIO(bare_source(code)).readline
    return [token for token in tokenize.generate_tokens(readline) if token.type not in _LAYOUT]
