"""Small changes of values that keep their type, as in EvalPlus (Liu et al. 2023, section 2.1)."""

from collections.abc import Sequence
from random import Random

from acecoder_dagster.inputs.arguments import Arguments

_MAX_DEPTH = 8
_TRIES = 10
"""Changes tried for each argument list wanted; where little can be changed, most of them come back known."""

_CROSSED = 0.3
"""Share of new argument lists that take an argument from another list instead of changing one."""


def varied(seen: Sequence[Arguments], wanted: int, rng: Random, max_characters: int) -> list[Arguments]:
    """Return argument lists made from seen ones: one argument is changed a little, or taken from another list.

    Args:
        seen: argument lists of one function.
        wanted: how many to make; fewer come back where little can be changed.
        rng: decides which changes.
        max_characters: longest new argument list, as Python source.

    Returns:
        Argument lists that differ from the seen ones and from each other.
    """
    pool = [arguments for arguments in seen if arguments.shape]
    known = {arguments.text for arguments in seen}
    made: list[Arguments] = []
    for _ in range(_TRIES * wanted):
        if len(made) == wanted or not pool:
            break
        arguments = rng.choice(pool)
        if len(arguments.shape) > 1 and rng.random() < _CROSSED:
            changed = _crossed(arguments, rng.choice(pool), rng)
        else:
            changed = mutated(arguments, rng, [])
        if changed.text not in known and len(changed.text) <= max_characters:
            known.add(changed.text)
            made.append(changed)
    return made


def _crossed(arguments: Arguments, other: Arguments, rng: Random) -> Arguments:
    """Return the arguments with one in the place of which another list's stands."""
    if len(other.positional) != len(arguments.positional) or other.named.keys() != arguments.named.keys():
        return arguments
    place = rng.randrange(len(arguments.shape))
    positional = list(arguments.positional)
    if place < len(positional):
        positional[place] = other.positional[place]
        return Arguments(tuple(positional), arguments.named)
    name = list(arguments.named)[place - len(positional)]
    return Arguments(arguments.positional, arguments.named | {name: other.named[name]})


def mutated(arguments: Arguments, rng: Random, texts: list[str]) -> Arguments:
    """Return the arguments with one of them changed a little; unchanged when there is none.

    Args:
        arguments: plain values.
        rng: decides which change.
        texts: texts that may be put into other texts, such as constants of the function.
    """
    places = len(arguments.positional) + len(arguments.named)
    if places == 0:
        return arguments
    place = rng.randrange(places)
    positional = list(arguments.positional)
    named = dict(arguments.named)
    if place < len(positional):
        positional[place] = mutated_value(positional[place], rng, texts)
    else:
        name = list(named)[place - len(positional)]
        named[name] = mutated_value(named[name], rng, texts)
    return Arguments(tuple(positional), named)


def mutated_value(value: object, rng: Random, texts: list[str], depth: int = 0) -> object:
    """Return a value of the same type that differs a little; values of other types as they are."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice([value + 1, value - 1, -value, value * 2, value // 2, value + rng.randint(-20, 20), 0])
    if isinstance(value, float):
        return rng.choice([value + 1.0, value - 0.5, -value, value * 2, value / 3, 0.0])
    if isinstance(value, str):
        return _mutated_text(value, rng, texts)
    if isinstance(value, bytes):
        return _mutated_text(value.decode("latin-1"), rng, texts).encode("latin-1", "replace")
    if depth >= _MAX_DEPTH:
        return value
    if isinstance(value, list | tuple):
        return type(value)(_mutated_items(list(value), rng, texts, depth))
    if isinstance(value, set | frozenset):
        return type(value)(_mutated_items(sorted(value, key=repr), rng, texts, depth))
    if isinstance(value, dict) and value:
        key = rng.choice(list(value))
        rest = {each: kept for each, kept in value.items() if each != key}
        return rest if rng.random() < 0.25 else rest | {key: mutated_value(value[key], rng, texts, depth + 1)}
    return value


def _mutated_text(text: str, rng: Random, texts: list[str]) -> str:
    place = rng.randint(0, len(text))
    other = rng.choice(texts) if texts else "x"
    return rng.choice(
        [
            text[:place] + text[place + 1 :],
            text[:place] + other + text[place:],
            text[:place] + text[max(place - 1, 0) :],
            text[:place] + rng.choice("aZ0 ._-,") + text[place + 1 :],
            text.swapcase(),
            text[::-1],
            text + text,
            text[:place],
        ]
    )


def _mutated_items(items: list[object], rng: Random, texts: list[str], depth: int) -> list[object]:
    if not items:
        return items
    place = rng.randrange(len(items))
    change = rng.randrange(5)
    if change == 0:
        return items[:place] + items[place + 1 :]
    if change == 1:
        return [*items, items[place]]
    if change == 2:
        return items[::-1]
    changed = mutated_value(items[place], rng, texts, depth + 1)
    return [*items[:place], changed, *items[place + 1 :]] if change == 3 else [*items, changed]
