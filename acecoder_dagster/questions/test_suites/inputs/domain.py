"""What a function seems to require of its arguments: what the argument lists that people chose have in common.

Likely invariants, as Daikon finds them (Ernst et al. 2001), for functions whose requirements nobody wrote down: texts
without digits, sorted lists, a number that is the length of the list before it. A question says nothing about
arguments that break them, and right programs differ there.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise, permutations

from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments

Facts = dict[str, bool]
"""By fact that holds: whether it means something (four items in order) or is chance (one item in order)."""

_DIGIT, _WORD = re.compile(r"\d"), re.compile(r"[^\W\d_]+")

_TELLING_ITEMS = 3
"""This many items are seldom in order, or all different, by chance."""


class Domain:
    """The set of argument lists like those seen. The more lists are seen, and the more varied, the larger it is."""

    def __init__(self, seen: Sequence[Arguments]) -> None:
        """Find what holds for all of them."""
        facts = [_facts(arguments) for arguments in seen]
        self._held = {
            fact
            for fact in (facts[0] if facts else {})
            if all(fact in others for others in facts) and any(others[fact] for others in facts)
        }

    def admits(self, arguments: Arguments) -> bool:
        """Tell whether all that holds for the others holds for these arguments too."""
        return self._held <= _facts(arguments).keys()


def _facts(arguments: Arguments) -> Facts:
    places = arguments.by_place
    found = {f"{place} {fact}": tells for place, value in places.items() for fact, tells in _of_value(value)}
    for (one, first), (other, second) in permutations(places.items(), 2):
        found |= {f"{one} {fact} {other}": tells for fact, tells in _of_two(first, second)}
    return found


def _of_value(value: object) -> Iterator[tuple[str, bool]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield from _chosen(
            {
                "is not negative": value >= 0,
                "is positive": value > 0,
                "is not zero": value != 0,
                "is above one": value > 1,
            }
        )
    elif isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, list | tuple | set | frozenset | dict):
        yield from _of_items(list(value.values()) if isinstance(value, dict) else list(value))
        if isinstance(value, dict):
            yield from (("key " + fact, tells) for fact, tells in _of_all(list(value)))


def _of_text(text: str) -> Iterator[tuple[str, bool]]:
    yield from _chosen(
        {
            "is not empty": text != "",
            "is one letter": len(text) == 1,
            "is made of 0 and 1": set(text) <= {"0", "1"},
            "is a title": text.istitle(),
            "has no digit": not any(letter.isdigit() for letter in text),
            "has no capital": text == text.lower(),
            "has no small letter": text == text.upper(),
            "has no letter": not any(letter.isalpha() for letter in text),
            "has no sign": all(letter.isalnum() or letter.isspace() for letter in text),
            "has no blank": not any(letter.isspace() for letter in text),
            "has single blanks between words": text == " ".join(text.split()),
        }
    )
    if any(letter.isdigit() for letter in text) and any(not (letter.isalnum() or letter.isspace()) for letter in text):
        # Dates, times, addresses, telephone numbers: signs between so and so many digits.
        yield f"has the shape {_WORD.sub('a', _DIGIT.sub('0', text))}", True


def _of_items(items: list[object]) -> Iterator[tuple[str, bool]]:
    yield from _chosen({"is not empty": bool(items)})
    many = len(items) >= _TELLING_ITEMS
    if len({repr(item) for item in items}) == len(items):
        yield "has no item twice", many
    try:
        in_order = all(one <= other for one, other in pairwise(items))  # type: ignore[operator]
    except TypeError:
        in_order = False
    if in_order:
        yield "is sorted", many
    if all(isinstance(item, Collection) for item in items) and len({len(item) for item in items}) <= 1:  # type: ignore[arg-type]
        yield "has items of one length", len(items) > 1
    yield from (("item " + fact, tells) for fact, tells in _of_all(items))


def _of_all(items: Sequence[object]) -> Iterable[tuple[str, bool]]:
    """Return what holds for each of some values; of none nothing can be said."""
    each = [dict(_of_value(item)) for item in items]
    common = set(each[0]).intersection(*each[1:]) if each else set[str]()
    return [(fact, any(facts[fact] for facts in each)) for fact in sorted(common)]


def _of_two(first: object, second: object) -> Iterator[tuple[str, bool]]:
    if isinstance(first, bool) or isinstance(second, bool):
        return
    if isinstance(first, int | float) and isinstance(second, int | float):
        yield from _chosen({"is at most": first <= second})
    if isinstance(first, int) and isinstance(second, str | list | tuple):
        yield from _chosen({"is the length of": first == len(second), "is within the length of": first <= len(second)})
        if isinstance(second, list | tuple) and second and isinstance(second[0], list | tuple):
            yield from _chosen({"is the width of": first == len(second[0])})
    if isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second):
        yield "is as long as", len(first) > 1


def _chosen(facts: dict[str, bool]) -> Iterator[tuple[str, bool]]:
    return ((fact, True) for fact, holds in facts.items() if holds)
