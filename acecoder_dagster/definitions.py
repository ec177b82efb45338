"""The one place where assets, checks, resources, jobs, schedules and sensors are put together.

The data's way, a stage a line, is `acecoder_dagster.graph.assets.STAGES`: from imported files and seed functions to
questions, tests, programs and verdicts; from there to preference pairs, reward model and policies; and to the report.
What each stage reads is stated where it is defined.
"""

from functools import cache
from pathlib import Path

import dagster as dg

from acecoder_dagster.data.home import Home, profile_from_environment
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.building import build_assets
from acecoder_dagster.graph.operating.jobs import jobs
from acecoder_dagster.graph.operating.notices import notice_sensors
from acecoder_dagster.graph.operating.schedules import schedules
from acecoder_dagster.graph.operating.sensors import arrival_sensors, automation_sensor
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.settings import read_settings


def build_definitions(home: Home | None = None, profile: str | None = None) -> dg.Definitions:
    """Return everything that Dagster loads.

    Args:
        home: project folder; the one that ACECODER_HOME names when left out.
        profile: profile name or file; the one that ACECODER_PROFILE names when left out.

    Raises:
        SettingsError: the profile does not exist or holds a wrong key or value.
    """
    home = home or Home.from_environment()
    profile = profile or profile_from_environment()
    settings = read_settings(profile)
    project = Project(root=str(home.root), profile=profile)
    return dg.Definitions(
        assets=build_assets(STAGES, settings),
        jobs=jobs,
        schedules=schedules(project),
        sensors=[*arrival_sensors(project), automation_sensor(project), *notice_sensors(project)],
        resources={"project": project},
        executor=dg.multiprocess_executor.configured(
            {
                "max_concurrent": settings.machine.steps_at_once,
                # Each step is a new process: forking it from one that has loaded the code already saves seconds.
                "start_method": {"forkserver": {"preload_modules": ["acecoder_dagster.definitions"]}},
            }
        ),
    )


defs = build_definitions()


@cache
def job_of_folder(root: str, profile: str, job: str) -> dg.JobDefinition:
    """Return a job in a project folder; each process of a run from a terminal makes it anew.

    Processes of steps are forked from one that may have been started for another folder: what its environment says
    does not hold for them.
    """
    return build_definitions(Home(Path(root)), profile).resolve_job_def(job)
