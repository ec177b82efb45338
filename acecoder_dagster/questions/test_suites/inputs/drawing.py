"""Drawing arguments for one function: first of every likely kind, then of the kinds that worked, and mutations."""

import ast
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments
from acecoder_dagster.questions.test_suites.inputs.constants import constants_of
from acecoder_dagster.questions.test_suites.inputs.guessing import Parameter, guess_parameters
from acecoder_dagster.questions.test_suites.inputs.kinds import pool
from acecoder_dagster.questions.test_suites.inputs.mutation import mutated

Kinds = tuple[str, ...]
"""A kind for each argument that is given."""

_KINDS_EACH = 6
_MAX_COMBINATIONS = 24
_MAX_FRUITLESS_DRAWS = 200


class Drawing:
    """Draws arguments for one function; equal seeds draw the same."""

    def __init__(self, function: ast.FunctionDef, rng: Random, max_characters: int) -> None:
        self._rng = rng
        self._max_characters = max_characters
        self._parameters = guess_parameters(function, _KINDS_EACH)
        self._constants = constants_of(function)
        self._texts = [each for each in self._constants if isinstance(each, str)]
        self._numbers = [each for each in self._constants if isinstance(each, int)]
        self._kinds_of: dict[str, Kinds] = {}

    @property
    def takes_arguments(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self._parameters)

    def probes(self, count: int) -> list[Arguments]:
        """Return arguments of many combinations of likely kinds, all different."""
        combinations = self._combinations()
        each = max(1, -(-count // len(combinations)))
        drawn: dict[str, Arguments] = {}
        for kinds in combinations:
            self._take(drawn, (self._draw(kinds) for _ in range(2 * each)), len(drawn) + each, kinds)
        return list(drawn.values())[:count]

    def more(self, worked: Sequence[Arguments], count: int, known: set[str]) -> list[Arguments]:
        """Return arguments like those that worked, by the kinds that they had and by mutation; none is known yet."""
        kinds = Counter(found for each in worked if (found := self._kinds_of.get(each.text)) is not None)
        drawn: dict[str, Arguments] = {}

        def candidates() -> Iterator[Arguments]:
            for _ in range(_MAX_FRUITLESS_DRAWS + 2 * count):
                if kinds and self._rng.random() < 0.5:
                    yield self._draw(self._rng.choices(list(kinds), weights=list(kinds.values()))[0])
                else:
                    base = self._rng.choice([*worked, *drawn.values()])
                    yield mutated(base, self._rng, self._constants)

        self._take(drawn, (each for each in candidates() if each.text not in known), count, None)
        return list(drawn.values())

    def _take(
        self, drawn: dict[str, Arguments], candidates: Iterator[Arguments], count: int, kinds: Kinds | None
    ) -> None:
        for arguments in candidates:
            text = arguments.text
            if len(text) <= self._max_characters and text not in drawn:
                drawn[text] = arguments
                if kinds is not None:
                    self._kinds_of[text] = kinds
            if len(drawn) >= count:
                return

    def _combinations(self) -> list[Kinds]:
        """Return kinds for all parameters together, likely ones first; the pools are as many as the probes allow."""
        ranked = [list(enumerate(parameter.kinds)) for parameter in self._parameters if self._is_varied(parameter)]
        products = itertools.islice(itertools.product(*ranked), 20_000)
        ordered = sorted(products, key=lambda kinds: sum(rank for rank, _ in kinds))[:_MAX_COMBINATIONS]
        chosen = [iter([kind for _, kind in kinds]) for kinds in ordered]
        return [
            tuple(next(kinds) if self._is_varied(p) else (p.kinds or ("text",))[0] for p in self._parameters)
            for kinds in chosen
        ]

    def _is_varied(self, parameter: Parameter) -> bool:
        """Tell whether its kind must be found out: a default says enough, unless there is nothing else to vary."""
        return parameter.required or not any(each.required for each in self._parameters)

    def _draw(self, kinds: Kinds) -> Arguments:
        positional: list[object] = []
        named: dict[str, object] = {}
        by_name = False
        for parameter, kind in zip(self._parameters, kinds, strict=True):
            if parameter.many:
                if not by_name:
                    positional.extend(self._value(kind) for _ in range(self._rng.randint(1, 3)))
                continue
            if not parameter.required and self._is_left_out(parameter):
                by_name = True
                continue
            if by_name or parameter.by_name:
                named[parameter.name] = self._value(kind)
            else:
                positional.append(self._value(kind))
        return Arguments(tuple(positional), named)

    def _is_left_out(self, parameter: Parameter) -> bool:
        share = 0.7 if any(each.required for each in self._parameters) else 0.3
        return self._rng.random() < share and parameter is not self._parameters[0]

    def _value(self, kind: str) -> object:
        if kind == "text" and self._texts and self._rng.random() < 0.4:
            constant, other = self._rng.choice(self._texts), self._rng.choice(pool("text"))
            return self._rng.choice([constant, other + constant, constant + other, other + constant + other])
        if kind in {"whole", "count"} and self._numbers and self._rng.random() < 0.2:
            return self._rng.choice(self._numbers) + self._rng.randint(-1, 1)
        return self._rng.choice(pool(kind))
