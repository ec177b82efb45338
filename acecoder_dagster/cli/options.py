"""Options that several commands share, and what the shell can complete them to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer


def profile_names() -> list[str]:
    """Return the names of the shipped profiles."""
    from acecoder_dagster.settings import shipped_profiles

    return shipped_profiles()


def batch_names() -> list[str]:
    """Return the batches, and pairs of a model and a benchmark, of the folder under the environment's profile."""
    from acecoder_dagster.data.home import Home, profile_from_environment
    from acecoder_dagster.graph.steps.batch_sources import known_partitions
    from acecoder_dagster.settings import read_settings

    return known_partitions(Home.from_environment(), read_settings(profile_from_environment()))


def asset_names() -> list[str]:
    """Return the names of all assets of the graph."""
    from acecoder_dagster.graph.assets import STAGES

    return [stage.name for stage in STAGES]


ProfileOption = Annotated[
    str | None,
    typer.Option(help="Profile name or .toml file; else $ACECODER_PROFILE, else micro.", autocompletion=profile_names),
]
SeedOption = Annotated[int | None, typer.Option(min=0, help="Seed of everything random; else the profile's.")]
ClusterOption = Annotated[
    str | None,
    typer.Option(help="Ray cluster that judges: auto, HOST:PORT or ray://HOST:10001; else this machine."),
]
BatchOption = Annotated[
    list[str] | None,
    typer.Option(help="Batch, or MODEL|BENCHMARK, to work on; all when left out.", autocompletion=batch_names),
]


def chosen_profile(profile: str | None, seed: int | None = None) -> str:
    """Return the profile to use, one made for this project folder when a seed is given.

    Raises:
        SettingsError: a seed is given, and the profile does not exist or is wrong.
    """
    from acecoder_dagster.data.home import Home, profile_from_environment
    from acecoder_dagster.settings import read_settings

    name = profile or profile_from_environment()
    if seed is None:
        return name
    read_settings(name)
    folder = Home.from_environment().root
    folder.mkdir(parents=True, exist_ok=True)
    seeded = folder / "seeded.toml"
    parent = str(Path(name).resolve()) if name.endswith(".toml") else name
    seeded.write_text(f'extends = "{parent}"\nseed = {seed}\n', encoding="utf-8")
    return str(seeded)


def key_values(given: Iterable[str], option: str, form: str) -> dict[str, str]:
    """Return what a repeated option gives as `KEY=VALUE`.

    Args:
        given: Each as it was typed.
        option: The option, for the message.
        form: How it is to be given, for the message.

    Raises:
        BadParameter: One has no key or no equals sign.
    """
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{text}: give it as {form}", param_hint=option)
        pairs[key] = value
    return pairs
