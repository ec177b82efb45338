"""The primitives of the micro family, read from ``primitives.toml``."""

import tomllib
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["list", "text", "number"]
ANSWER = "answer"

Lines = Annotated[list[str], Field(min_length=1)]


class Primitive(BaseModel):
    """One building block of a question; the fields are explained at the top of ``primitives.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    takes: Kind
    gives: Kind | Literal["answer"]
    phrases: Lines
    correct: str
    wrong: Lines
    bug_rate: float = Field(gt=0, lt=1)


@cache
def all_primitives() -> dict[str, Primitive]:
    """Every primitive by name, in the order of the file."""
    text = resources.files("acecoder_dagster.questions.micro").joinpath("primitives.toml").read_text(encoding="utf-8")
    primitives = [Primitive.model_validate(row) for row in tomllib.loads(text)["primitive"]]
    by_name = {primitive.name: primitive for primitive in primitives}
    if len(by_name) != len(primitives):
        raise ValueError("primitives.toml: two primitives have the same name")
    return by_name


@cache
def steps_for(kind: Kind) -> tuple[Primitive, ...]:
    """The primitives that turn a value of this kind into another value."""
    return tuple(p for p in all_primitives().values() if p.takes == kind and p.gives != ANSWER)


@cache
def endings_for(kind: Kind) -> tuple[Primitive, ...]:
    """The primitives that return an answer computed from a value of this kind."""
    return tuple(p for p in all_primitives().values() if p.takes == kind and p.gives == ANSWER)
