"""Kinds of argument values. Hypothesis draws the values of each kind once, and all functions share them."""

import warnings
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

Value = TypeVar("Value")

POOL_SIZE = 120
"""Values per kind. All functions share them, so that drawing costs nothing per function."""

_SHORT = 6
"""Longest collection."""

_letters = st.characters(min_codepoint=32, max_codepoint=126)
_numbers = st.integers(-20, 60) | st.integers(-(10**6), 10**6)
_reals = st.floats(-1000, 1000, allow_nan=False, width=32) | st.integers(-50, 50).map(float)
_words = st.sampled_from(["alpha", "beta", "gamma", "Delta", "x", "y", "foo", "bar", "Hello", "world", "42", "7"])


def usual_texts() -> list[str]:
    """Return texts of the sorts that functions usually read: words, numbers, paths, dates, markup, addresses."""
    lines = (
        resources.files("acecoder_dagster.questions.test_suites.inputs")
        .joinpath("usual_texts.txt")
        .read_text(encoding="utf-8")
    )
    return [line.encode().decode("unicode_escape") for line in lines.splitlines()]


_texts = st.sampled_from(usual_texts()) | st.lists(_words, max_size=4).map(" ".join) | st.text(_letters, max_size=12)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "text": _texts,
    "character": _letters | st.sampled_from(["a", "Z", "0", " ", "\n"]),
    "bytes": _texts.map(lambda text: text.encode()) | st.binary(max_size=8),
    "whole": _numbers,
    "count": st.integers(0, 12),
    "real": _reals,
    "flag": st.booleans(),
    "none": st.none(),
    "complex": st.complex_numbers(max_magnitude=100, allow_nan=False),
    "wholes": st.lists(_numbers, max_size=_SHORT),
    "sorted_wholes": st.lists(st.integers(-20, 60), max_size=_SHORT).map(sorted),
    "reals": st.lists(_reals, max_size=_SHORT),
    "texts": st.lists(_texts, max_size=_SHORT),
    "flags": st.lists(st.booleans(), max_size=_SHORT),
    "bytes_list": st.lists(st.binary(max_size=4), max_size=4),
    "pair": st.tuples(_numbers, _numbers),
    "text_pair": st.tuples(_texts, _texts),
    "triple": st.tuples(_numbers, _numbers, _numbers),
    "whole_tuple": st.lists(_numbers, max_size=_SHORT).map(tuple),
    "pairs": st.lists(st.tuples(_numbers, _numbers), max_size=4),
    "text_pairs": st.lists(st.tuples(_words, _texts), max_size=4),
    "rows": st.lists(st.lists(st.integers(-9, 20), min_size=2, max_size=2), max_size=4),
    "grid": st.lists(st.lists(st.integers(-9, 20), min_size=3, max_size=3), min_size=3, max_size=3),
    "text_rows": st.lists(st.lists(_words, min_size=1, max_size=3), max_size=4),
    "wholes_by_text": st.dictionaries(_words, _numbers, max_size=4),
    "texts_by_text": st.dictionaries(_words, _texts, max_size=4),
    "wholes_by_whole": st.dictionaries(st.integers(0, 9), _numbers, max_size=4),
    "lists_by_text": st.dictionaries(_words, st.lists(_words, max_size=3), max_size=4),
    "whole_set": st.sets(st.integers(-9, 30), min_size=1, max_size=_SHORT),
    "text_set": st.sets(_words, min_size=1, max_size=4),
}
"""By name of the kind. All values are literals: `ast.literal_eval(repr(value)) == value`."""


@cache
def pool(kind: str) -> tuple[Any, ...]:
    """Return the values of a kind: different, short before long, the same in every process.

    Raises:
        KeyError: there is no such kind.
    """
    return tuple(examples(STRATEGIES[kind], POOL_SIZE))


def examples(strategy: st.SearchStrategy[Value], most: int) -> list[Value]:
    """Return different values that a strategy draws, short before long, the same in every process."""
    drawn: dict[str, Value] = {}

    def keep(value: Value) -> None:
        drawn.setdefault(repr(value), value)

    options = settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        seed(0)(options(given(strategy)(keep)))()
    return [drawn[text] for text in sorted(drawn, key=lambda text: (len(text), text))]
