"""Editions of one question: rows that ask for the same function, or in the same words, in several data sets."""

from collections import Counter
from collections.abc import Sequence

MOST_EDITIONS = 10


def edition_groups(entry_points: Sequence[str], questions: Sequence[str]) -> list[str]:
    """Return for each question the name of its group of editions.

    Two questions are editions of one when their entry points are the same but for case and underscores, or their
    texts are the same but for white space; and editions of the same question are editions of each other. An entry
    point of more than `MOST_EDITIONS` questions is a convention, like BigCodeBench's `task_func`, and says nothing.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    functions = [entry_point.lower().replace("_", "") for entry_point in entry_points]
    counts = Counter(functions)
    texts = ["text " + " ".join(question.split()) for question in questions]
    names = [
        f"function {function}" if function and counts[function] <= MOST_EDITIONS else text
        for function, text in zip(functions, texts, strict=True)
    ]
    for name, text in zip(names, texts, strict=True):
        one, other = sorted((root(name), root(text)))
        parent[other] = one
    return [root(name) for name in names]
