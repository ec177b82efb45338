"""Small changes of values that keep their type, as in EvalPlus (Liu et al. 2023, section 2.1)."""

import string
from collections.abc import Sequence
from random import Random

from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments
from acecoder_dagster.questions.test_suites.inputs.domain import Domain

_MAX_DEPTH = 8
_TRIES = 20
"""Changes tried for each argument list wanted. Where little can be changed, most give a list that is known."""

MOST_CHANGES = 3
"""After a single change most programs that are right for the one list are right for the other."""

_CONSTANT = 0.2
"""Share of changes that put a constant in the place of a value, or into a text."""

_CROSSED = 0.3
"""Share of changes that take an argument from another list."""


def varied(seen: Sequence[Arguments], wanted: int, rng: Random, max_characters: int) -> list[Arguments]:
    """Return argument lists made from seen ones. What all seen ones have in common, they have too.

    Args:
        seen: argument lists of one function.
        wanted: how many to make; fewer come back where little can be changed.
        rng: decides which changes.
        max_characters: longest new argument list, as Python source.

    Returns:
        Argument lists that differ from the seen ones and from each other.
    """
    pool = [arguments for arguments in seen if arguments.shape]
    domain = Domain(pool)
    known = {arguments.text for arguments in seen}
    made: list[Arguments] = []
    for _ in range(_TRIES * wanted):
        if len(made) == wanted or not pool:
            break
        changed = rng.choice(pool)
        for _ in range(rng.randint(1, MOST_CHANGES)):
            crossed = rng.random() < _CROSSED
            changed = _crossed(changed, rng.choice(pool), rng) if crossed else mutated(changed, rng, [])
        if len(changed.text) <= max_characters and changed.text not in known and domain.admits(changed):
            known.add(changed.text)
            made.append(changed)
    return made


def _crossed(arguments: Arguments, other: Arguments, rng: Random) -> Arguments:
    """Return the arguments with one of the other list in the place of theirs."""
    if other.by_place.keys() != arguments.by_place.keys():
        return arguments
    place = rng.choice(list(arguments.by_place))
    return arguments.with_value(place, other.by_place[place])


def mutated(arguments: Arguments, rng: Random, constants: Sequence[object]) -> Arguments:
    """Return the arguments with one of them changed a little; unchanged when there is none.

    Args:
        arguments: plain values.
        rng: decides which change.
        constants: values that may stand in the place of others of their type, such as constants of the function.
    """
    values = arguments.by_place
    if not values:
        return arguments
    place = rng.choice(list(values))
    return arguments.with_value(place, mutated_value(values[place], rng, constants))


def mutated_value(value: object, rng: Random, constants: Sequence[object], depth: int = 0) -> object:
    """Return a value of the same type that differs a little; values of other types as they are."""
    if constants and rng.random() < _CONSTANT:
        alike = [each for each in constants if type(each) is type(value)]
        if alike:
            return rng.choice(alike)
    return _changed_value(value, rng, constants, depth)


def _changed_value(value: object, rng: Random, constants: Sequence[object], depth: int) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        near = [value + 1, value - 1, value + rng.randint(-20, 20), rng.randint(0, max(10, abs(value)))]
        return rng.choice([*near, *near, -value, value * 2, value // 2, 0])
    if isinstance(value, float):
        return rng.choice([value + 1.0, value - 0.5, -value, value * 2, value / 2, round(value, 1), 0.0])
    if isinstance(value, str):
        return _mutated_text(value, rng, constants)
    if isinstance(value, bytes):
        return _mutated_text(value.decode("latin-1"), rng, constants).encode("latin-1", "replace")
    if depth >= _MAX_DEPTH:
        return value
    if isinstance(value, list):
        return _mutated_items(value, rng, constants, depth)
    if isinstance(value, tuple):
        # The length of a tuple often belongs to its type, that of a list never does.
        return tuple(_mutated_item(list(value), rng, constants, depth))
    if isinstance(value, set | frozenset):
        return type(value)(_mutated_items(sorted(value, key=repr), rng, constants, depth))
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        rest = {each: kept for each, kept in value.items() if each != key}
        return rest if rng.random() < 0.25 else rest | {key: mutated_value(value[key], rng, constants, depth + 1)}
    return value


def _mutated_text(text: str, rng: Random, constants: Sequence[object]) -> str:
    place, other = rng.randint(0, len(text)), rng.randint(0, len(text))
    texts = [each for each in constants if isinstance(each, str)]
    if texts and rng.random() < _CONSTANT:
        return text[:place] + rng.choice(texts) + text[place:]
    first, last = sorted((place, other))
    swapped = text[:first] + text[last : last + 1] + text[first + 1 : last] + text[first : first + 1] + text[last + 1 :]
    other_letter = _other_letter(text[place : place + 1], rng)
    whole = rng.choice([text.swapcase(), text[::-1], text + text, text[:place], text[place:]])
    changes = [
        text[:place] + text[place + 1 :],
        text[:place] + text[other : other + 1] + text[place:],
        text[:place] + other_letter + text[place + 1 :],
        swapped,
        whole,
    ]
    return rng.choice(changes)


def _other_letter(letter: str, rng: Random) -> str:
    """Return a letter of the same sort; any character where there is no letter."""
    if letter.isdigit():
        return rng.choice(string.digits)
    if letter.isalpha():
        return rng.choice(string.ascii_uppercase if letter.isupper() else string.ascii_lowercase)
    return rng.choice(letter + " .,-_aZ0")


def _mutated_items(items: list[object], rng: Random, constants: Sequence[object], depth: int) -> list[object]:
    if not items:
        return items
    place = rng.randrange(len(items))
    match rng.choice(["lose", "repeat", "reverse", "add", "all", "one", "one", "one"]):
        case "lose":
            return items[:place] + items[place + 1 :]
        case "repeat":
            return [*items[:place], items[rng.randrange(len(items))], *items[place:]]
        case "reverse":
            return items[::-1]
        case "add":
            return [*items, mutated_value(items[place], rng, constants, depth + 1)]
        case "all":
            return [mutated_value(item, rng, constants, depth + 1) for item in items]
    return _mutated_item(items, rng, constants, depth)


def _mutated_item(items: list[object], rng: Random, constants: Sequence[object], depth: int) -> list[object]:
    """Return the items with one changed, or two in each other's place."""
    if not items:
        return items
    changed = list(items)
    first, second = rng.randrange(len(items)), rng.randrange(len(items))
    if rng.random() < 0.3 and type(items[first]) is type(items[second]):
        changed[first], changed[second] = items[second], items[first]
    else:
        changed[first] = mutated_value(items[first], rng, constants, depth + 1)
    return changed
