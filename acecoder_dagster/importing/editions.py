"""Editions of one question: rows that ask for the same function or in the same words."""

from collections.abc import Sequence


def edition_groups(entry_points: Sequence[str], questions: Sequence[str]) -> list[str]:
    """Return for each question the name of its group of editions.

    Two questions are editions of one when their entry points are the same but for case and underscores, or their
    texts are the same but for white space; and editions of the same question are editions of each other.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    names = ["function " + entry_point.lower().replace("_", "") for entry_point in entry_points]
    texts = ["text " + " ".join(question.split()) for question in questions]
    for name, text in zip(names, texts, strict=True):
        one, other = sorted((root(name), root(text)))
        parent[other] = one
    return [root(name) for name in names]
