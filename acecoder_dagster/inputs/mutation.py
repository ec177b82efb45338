"""Small changes of values that keep their type, as in EvalPlus (Liu et al. 2023, section 2.1)."""

from random import Random

from acecoder_dagster.inputs.arguments import Arguments

_MAX_DEPTH = 8


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
