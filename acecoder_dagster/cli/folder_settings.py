"""Asking before a folder that was made with other settings is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from acecoder_dagster.graph.refresh.folder_settings import SettingsChange
    from acecoder_dagster.graph.resources import OpenProject

OtherSettingsOption = Annotated[
    bool,
    typer.Option("--other-settings", help="Go on though the folder was made with other settings, and take these."),
]


def take_settings(project: OpenProject, profile: str, *, told: bool) -> None:
    """Make the project's settings those of its folder.

    Raises:
        RunError: the folder was made with others, these would make results anew or leave batches over, and nobody said
            that they may; the message says what differs and what that would redo.
    """
    from acecoder_dagster.data.home import RunError
    from acecoder_dagster.graph.refresh.folder_settings import remember_settings, settings_change

    change = settings_change(project)
    if change is not None and (change.redone or change.left_over) and not told:
        raise RunError(
            f"{project.home.root} was made with other settings (profile {change.profile}).\n"
            f"{describe_change(change)}\n"
            "Say --other-settings to go on with these, or name another folder in ACECODER_HOME."
        )
    project.home.root.mkdir(parents=True, exist_ok=True)
    remember_settings(project.home, profile, project.settings)


def describe_change(change: SettingsChange) -> str:
    """Return in lines what differs and what that would redo."""
    lines = [f"  {name}: {now} (the folder has {then})" for name, (then, now) in change.differences.items()]
    lines.append(f"They would make anew what is up to date: {', '.join(change.redone) or 'nothing'}.")
    if change.left_over:
        lines.append(f"Batches that they do not make stay, and are counted: {', '.join(change.left_over)}.")
    return "\n".join(lines)
