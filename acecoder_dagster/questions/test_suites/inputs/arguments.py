"""Argument lists as values and as Python source."""

import ast
import doctest
from dataclasses import dataclass, field

from acecoder_dagster.python_source import NO_TREE, parse_expression, parse_source


@dataclass(frozen=True)
class Arguments:
    """The arguments of one call: plain values, by position and by name."""

    positional: tuple[object, ...] = ()
    named: dict[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The arguments as Python source, as it stands between the brackets of a call."""
        return ", ".join([*map(repr, self.positional), *(f"{name}={value!r}" for name, value in self.named.items())])

    @property
    def shape(self) -> tuple[type, ...]:
        """The types of the arguments, in order."""
        return tuple(type(value) for value in self.by_place.values())

    @property
    def by_place(self) -> dict[int | str, object]:
        """The values by position, from 0, and by name, in order."""
        return dict(enumerate(self.positional)) | self.named

    def with_value(self, place: int | str, value: object) -> "Arguments":
        """Return the arguments with another value at a position or name that they have."""
        if isinstance(place, str):
            return Arguments(self.positional, self.named | {place: value})
        return Arguments((*self.positional[:place], value, *self.positional[place + 1 :]), self.named)

    @classmethod
    def parse(cls, text: str) -> "Arguments | None":
        """Return the arguments that source stands for, None when they are no plain values."""
        try:
            call = parse_expression(f"f({text})")
        except NO_TREE:
            return None
        return cls.of_call(call) if isinstance(call, ast.Call) else None

    @classmethod
    def of_call(cls, call: ast.Call) -> "Arguments | None":
        """Return the arguments of a call, None when they are no plain values."""
        try:
            positional = tuple(ast.literal_eval(each) for each in call.args)
            named = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg is not None}
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return None
        return cls(positional, named) if len(named) == len(call.keywords) else None


def doctest_arguments(documentation: str, function: str) -> list[Arguments]:
    """Return the arguments with which a docstring's examples call the function, each once."""
    try:
        examples = doctest.DocTestParser().get_examples(documentation)
    except ValueError:
        return []
    found: dict[str, Arguments] = {}
    for example in examples:
        try:
            tree = parse_source(example.source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                arguments = Arguments.of_call(node) if name == function else None
                if arguments is not None:
                    found.setdefault(arguments.text, arguments)
    return list(found.values())
