"""Addresses of models: a folder, or `owner/name` on the hub, at a revision as `owner/name@revision`.

Every setting, command and function that takes a model takes such an address. What follows the `@` is a branch, a tag or
a commit; without it, the hub's newest version is meant.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

SCRATCH = "scratch"
"""In place of an address: a new model with random weights and its own tokenizer."""

_PINNED = re.compile(r"(?P<model>[\w.-]+/[\w.-]+)@(?P<revision>[\w./-]+)")


class ModelAddress(NamedTuple):
    """A model, and the revision of it where one is named."""

    model: str
    revision: str | None


def read_address(address: str | Path) -> ModelAddress:
    """Return model and revision of an address; a folder that exists is a folder, whatever its name."""
    found = _PINNED.fullmatch(str(address))
    if found is None or Path(address).is_dir():
        return ModelAddress(str(address), None)
    return ModelAddress(found["model"], found["revision"])


def write_address(model: str, revision: str | None) -> str:
    """Return the address of a model at a revision."""
    return model if revision is None else f"{model}@{revision}"
