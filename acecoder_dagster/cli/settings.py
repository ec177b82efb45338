"""`acecoder settings`: every setting with its value, where that came from, and its meaning."""

from typing import Annotated

import typer

from acecoder_dagster.cli.options import ProfileOption, chosen_profile
from acecoder_dagster.cli.printing import WideOption, output, print_frame, show_all_columns


def section_names() -> list[str]:
    """Return the names of the sections."""
    from acecoder_dagster.settings import Settings

    return list(Settings.model_fields)


def settings(
    section: Annotated[
        str | None,
        typer.Argument(help="A section or setting, such as sampling or sampling.engine.", autocompletion=section_names),
    ] = None,
    profile: ProfileOption = None,
    wide: WideOption = False,
) -> None:
    """Show settings with their values, and where those come from.

    Each with its meaning, what it takes and its default.
    """
    import polars as pl

    from acecoder_dagster.cli.suggestions import refuse_unknown
    from acecoder_dagster.settings import list_settings

    show_all_columns(wide)
    listed = list_settings(chosen_profile(profile))
    if section is not None:
        known = {name[:end] for name in (each.name + "." for each in listed) for end in _ends(name)}
        refuse_unknown("section or setting", [section], sorted(known))
        listed = [each for each in listed if f"{each.name}.".startswith(f"{section}.")]
    rows = [
        {
            "setting": each.name,
            "value": _shown(each.value),
            "from": each.origin,
            "meaning": each.description,
            "takes": each.kind,
            "default": _shown(each.default),
        }
        for each in listed
    ]
    print_frame(output, pl.DataFrame(rows), title=None)


def _ends(name: str) -> list[int]:
    return [place for place, letter in enumerate(name) if letter == "."]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)
