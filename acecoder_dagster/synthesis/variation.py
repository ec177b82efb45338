"""More inputs from those that a question's tests have, each value changed a little within its type (as EvalPlus)."""

import random
import string
from collections.abc import Callable, Sequence
from typing import Any

from acecoder_dagster.synthesis.calls import Literals

MAX_ITEMS = 60
"""Longer texts and collections are not made longer."""


def vary_arguments(seen: Sequence[Literals], wanted: int, seed: int) -> list[Literals]:
    """Return new argument lists made from seen ones.

    Either one argument is taken from another list, or one is changed: numbers by a little or in size, texts and
    collections by losing, repeating, swapping or changing an item. Types stay, and so do the values that no rule knows.

    Args:
        seen: argument lists of one question, all of the same function.
        wanted: how many to make; fewer come back where little can be changed.
        seed: of the choices.

    Returns:
        Argument lists that differ from the seen ones and from each other.
    """
    dice = random.Random(seed)
    pool = [arguments for arguments in seen if arguments]
    known = {repr(arguments) for arguments in seen}
    made: list[Literals] = []
    for _ in range(wanted * 10):
        if len(made) == wanted or not pool:
            break
        arguments = list(dice.choice(pool))
        position = dice.randrange(len(arguments))
        others = [other for other in pool if len(other) == len(arguments)]
        if len(arguments) > 1 and dice.random() < 0.3:
            arguments[position] = dice.choice(others)[position]
        else:
            arguments[position] = _changed(arguments[position], dice)
        if repr(tuple(arguments)) not in known:
            known.add(repr(tuple(arguments)))
            made.append(tuple(arguments))
    return made


def _changed(value: object, dice: random.Random) -> object:
    match value:
        case bool():
            return not value
        case int():
            return dice.choice([value + 1, value - 1, value * 2, value // 2, dice.randint(0, max(10, abs(value)))])
        case float():
            return dice.choice([value + 1, value - 1, value * 2, value / 2, round(value, 1)])
        case str():
            return "".join(_changed_items(list(value), dice, lambda letter: _other_letter(letter, dice)))
        case list():
            return _changed_items(value, dice, lambda item: _changed(item, dice))
        case tuple():
            # The length of a tuple often belongs to its type, that of a list never does.
            changed = list(value)
            if changed:
                position = dice.randrange(len(changed))
                changed[position] = _changed(changed[position], dice)
            return tuple(changed)
        case dict() if value:
            key = dice.choice(list(value))
            rest = {each: item for each, item in value.items() if each != key}
            return rest if dice.random() < 0.3 else rest | {key: _changed(value[key], dice)}
    return value


def _changed_items(items: list[Any], dice: random.Random, change: Callable[[Any], Any]) -> list[Any]:
    if not items:
        return items
    first, second = dice.randrange(len(items)), dice.randrange(len(items))
    changed = list(items)
    match dice.choice(["lose", "repeat", "swap", "change", "change"]):
        case "lose" if len(items) > 1:
            del changed[first]
        case "repeat" if len(items) < MAX_ITEMS:
            changed.insert(second, items[first])
        case "swap":
            changed[first], changed[second] = changed[second], changed[first]
        case _:
            changed[first] = change(changed[first])
    return changed


def _other_letter(letter: str, dice: random.Random) -> str:
    if letter.isdigit():
        return dice.choice(string.digits)
    if letter.isalpha():
        return letter.swapcase() if dice.random() < 0.3 else dice.choice(string.ascii_lowercase)
    return dice.choice([letter, " "])
