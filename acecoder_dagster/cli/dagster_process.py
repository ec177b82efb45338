"""Going on as the `dagster` command, on a project folder that is ready for it."""

import os
import sys
from typing import NoReturn


def become_dagster(profile: str, arguments: list[str]) -> NoReturn:
    """Prepare the project folder for a page in which runs are started, and go on as the `dagster` command.

    Raises:
        SettingsError: the profile does not exist or is wrong.
    """
    from acecoder_dagster.cli.run_graph import prepare
    from acecoder_dagster.data.home import Home
    from acecoder_dagster.graph.partitions import register_batches
    from acecoder_dagster.graph.steps.batch_sources import known_batches
    from acecoder_dagster.settings import read_settings

    home = Home.from_environment().refreshed()
    settings = read_settings(profile)
    with prepare(home, profile, settings) as instance:
        register_batches(instance, known_batches(home, settings))
    os.execv(sys.executable, [sys.executable, "-m", "dagster", *arguments])  # noqa: S606
