"""The numbers that programs draw at random where a test has seeded them, as if both ran in one process.

The state goes from the test to the program, and never back: no program decides what a test draws.
"""

from __future__ import annotations

import random
import sys
from typing import Any


class RandomStates:
    """The states of the test's generators, and what the program's process has been told of them."""

    def __init__(self) -> None:
        """Begin with the states that every sandbox begins with."""
        self._told: dict[str, Any] = {}
        self._seeded: set[str] = set()
        self._noticed: set[str] = set()
        self.notice_seeding()
        self.news()

    def notice_seeding(self) -> None:
        """See to it that this object notices seeding: a test may seed again with what it began with."""
        for name, module in (("random", random), ("numpy", sys.modules.get("numpy.random"))):
            if module is not None and name not in self._noticed:
                self._noticed.add(name)
                self._replace_seed(name, module)

    def news(self) -> dict[str, Any]:
        """Return the states that have been seeded or changed since the last call, for `take_over`."""
        states, before = _states(), self._told
        seeded, self._seeded, self._told = self._seeded, set(), states
        return {name: _as_lists(state) for name, state in states.items() if name in seeded or state != before.get(name)}

    def _replace_seed(self, name: str, module: Any) -> None:
        own_seed = module.seed

        def seed(*arguments: Any, **named: Any) -> Any:
            self._seeded.add(name)
            return own_seed(*arguments, **named)

        module.seed = seed


def _states() -> dict[str, Any]:
    states: dict[str, Any] = {"random": random.getstate()}
    if "numpy.random" in sys.modules:
        kind, keys, *rest = sys.modules["numpy.random"].get_state()
        states["numpy"] = (kind, tuple(keys.tolist()), *rest)
    return states


def take_over(states: dict[str, Any]) -> None:
    """Let the generators of this process go on from what `RandomStates.news` returned."""
    if "random" in states:
        version, keys, gauss = states["random"]
        random.setstate((version, tuple(keys), gauss))
    if "numpy" in states and "numpy.random" in sys.modules:
        sys.modules["numpy.random"].set_state(tuple(states["numpy"]))


def _as_lists(state: Any) -> Any:
    return [list(part) if isinstance(part, tuple) else part for part in state]
