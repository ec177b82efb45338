"""The settings that a project folder was made with, and what other ones would make anew.

A folder belongs to one profile. It remembers the settings of the last command that was allowed to change it, so that a
command with others does not rebuild silently what the first made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import ALL_TABLES
from acecoder_dagster.files import read_json
from acecoder_dagster.graph.refresh.planning import plan_refresh
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.graph.steps.warehouse import flat_settings
from acecoder_dagster.settings import Settings

FILE = "settings.json"


@dataclass(frozen=True)
class SettingsChange:
    """What other settings than the folder's would do.

    Attributes:
        profile: name of the profile that the folder was made with.
        differences: by setting, its value in the folder and in the other settings.
        redone: stages that are up to date, and would be made anew.
        left_over: batches of the folder that the other settings would no longer make.
    """

    profile: str
    differences: dict[str, tuple[str, str]]
    redone: tuple[str, ...]
    left_over: tuple[str, ...]


def remember_settings(home: Home, profile: str, settings: Settings) -> None:
    """Make the settings those of the folder."""
    home.store.commit(_file(home), {"profile": profile, "settings": settings.model_dump(mode="json")})


def remembered_settings(home: Home) -> Settings | None:
    """Return the settings of the folder; None where there are none, or they are those of another version."""
    stored = read_json(_file(home))
    try:
        return None if stored is None else Settings.model_validate(stored["settings"])
    except ValidationError:
        return None


def settings_change(project: OpenProject) -> SettingsChange | None:
    """Return what the project's settings would change in its folder; None where they are the folder's.

    A folder without results, or one from before settings were remembered, takes any.
    """
    stored, remembered = read_json(_file(project.home)), remembered_settings(project.home)
    # A later version may have other settings: then only the keys of what is there can tell.
    if stored is None or remembered is None or not _has_results(project):
        return None
    before = OpenProject(project.home, remembered)
    then, now = flat_settings(before.settings), flat_settings(project.settings)
    differences = {name: (then.get(name, ""), value) for name, value in now.items() if then.get(name) != value}
    if not differences:
        return None
    batches = known_batches(before.home, before.settings)
    kept = [batch for batch in batches if batch in known_batches(project.home, project.settings)]
    # A model or benchmark that is named anew redoes nothing; scores of one that is named no more harm nothing.
    pairs = [pair for pair in before.settings.benchmarks.partitions if pair in project.settings.benchmarks.partitions]
    already = _planned(before, kept + pairs)
    redone = tuple(stage for stage in _planned(project, kept + pairs) if stage not in already)
    gone = tuple(batch for batch in batches if batch not in kept and _was_made(project, batch))
    return SettingsChange(stored["profile"], differences, redone, gone)


def _planned(project: OpenProject, batches: Sequence[str]) -> list[str]:
    return [stage.stage for stage in plan_refresh(project, batches)]


def _has_results(project: OpenProject) -> bool:
    return any(project.lake.partitions(table) for table in ALL_TABLES)


def _was_made(project: OpenProject, batch: str) -> bool:
    return any(project.lake.current(table, batch) for table in ALL_TABLES if batch != UNPARTITIONED)


def _file(home: Home) -> Path:
    return home.root / FILE
