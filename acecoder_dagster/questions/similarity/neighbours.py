"""Finds sets that are alike among many, by MinHash and locality-sensitive hashing (rensa)."""

from collections.abc import Hashable, Set
from typing import Generic, TypeVar

from rensa import RMinHash, RMinHashLSH

PERMUTATIONS = 128
BANDS = 32
"""Of four rows each: pairs of a Jaccard likeness of 0.5 meet with a chance of 87%, of 0.7 with more than 99.9%.
What meets is then compared exactly."""

SEED = 42

Label = TypeVar("Label", bound=Hashable)


class Neighbours(Generic[Label]):
    """Sets among which one that is like another is found. Likeness is Jaccard's: shared parts divided by all parts."""

    def __init__(self, threshold: float) -> None:
        """Start with none.

        Args:
            threshold: how alike neighbours are at least, 0 to 1.
        """
        self.threshold = threshold
        self._index = RMinHashLSH(threshold, PERMUTATIONS, BANDS)
        self._labels: list[Label] = []
        self._parts: list[Set[str]] = []

    def add(self, label: Label, parts: Set[str]) -> None:
        """Add a set under a label; an empty one is never found."""
        if parts:
            self._index.insert(len(self._labels), _minhash(parts))
            self._labels.append(label)
            self._parts.append(parts)

    def nearest(self, parts: Set[str]) -> tuple[Label, float] | None:
        """Return the label of the set that is most alike and its likeness, or None when none reaches the threshold."""
        if not parts:
            return None
        found = [(jaccard(parts, self._parts[number]), number) for number in self._index.query(_minhash(parts))]
        likeness, number = max(found, default=(0.0, 0), key=lambda each: (each[0], -each[1]))
        return (self._labels[number], likeness) if found and likeness >= self.threshold else None


def jaccard(one: Set[str], other: Set[str]) -> float:
    """Return the share of the parts of both that both have."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def _minhash(parts: Set[str]) -> RMinHash:
    minhash = RMinHash(PERMUTATIONS, SEED)
    minhash.update(list(parts))
    return minhash
