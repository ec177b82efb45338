"""What a worker on another machine is given: its specification, and the folders of the project that it works in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

SPECIFICATION_FILE = "specification.json"

ASSIGNMENT_FILE = "assignment.json"


class Assignment(BaseModel):
    """A specification for a machine on which the project lies elsewhere. All folders are relative to the project's.

    Attributes:
        specification: The specification, with `PROJECT` in place of the project's folder.
        workplaces: Folders in which the worker works, and goes on where work on them ended.
        models: Folders that it only reads.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    specification: dict[str, Any]
    workplaces: tuple[str, ...]
    models: tuple[str, ...]


PROJECT = "project:"
"""How a path below the project's folder begins in an assignment."""


def assignment(specification: BaseModel, project: Path, workplaces: Sequence[Path]) -> Assignment:
    """Return what a machine is to be given that has the project in another folder.

    Args:
        specification: Specification of a worker task, with paths of this machine.
        project: The project's folder here.
        workplaces: Folders in which the worker works.
    """
    paths: list[Path] = []

    def portable(text: str) -> str:
        if not text.startswith(f"{project}/"):
            return text
        paths.append(Path(text))
        return PROJECT + text.removeprefix(f"{project}/")

    moved = _with_texts(specification.model_dump(mode="json"), portable)
    if moved.get("cluster", {}).get("address") is not None:
        # The worker is on a node, from which the cluster is found by itself.
        moved["cluster"]["address"] = "auto"
    models = {path for path in paths if not any(path.is_relative_to(place) for place in workplaces)}
    relative = [sorted(path.relative_to(project).as_posix() for path in some) for some in (workplaces, models)]
    return Assignment(specification=moved, workplaces=tuple(relative[0]), models=tuple(relative[1]))


def specification_here(given: Assignment, project: Path) -> dict[str, Any]:
    """Return the specification with paths of this machine.

    Args:
        given: What this machine was given.
        project: The project's folder here.
    """

    def here(text: str) -> str:
        return str(project / text.removeprefix(PROJECT)) if text.startswith(PROJECT) else text

    moved: dict[str, Any] = _with_texts(given.specification, here)
    return moved


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - JSON of any depth
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _with_texts(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_texts(each, change) for each in value]
    return value
