"""Where a run says that it comes from, so that the page shows it under its job."""

import sys

from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

DEFINITIONS = "acecoder_dagster.definitions"
"""Module of the definitions, and the name of the code location that `acecoder ui` makes of it."""

TERMINAL_TAG = "acecoder/terminal"
"""Marks runs that were started from a terminal."""

REPOSITORY = "__repository__"
"""Dagster's name for the definitions of a module."""


def job_origin(job: str) -> RemoteJobOrigin:
    """Return the origin of a job as Dagster's own page would give it: what started the run makes no difference.

    Dagster has no public way to say it; a run without it is missing on Home and on the page of its job.
    """
    loaded = LoadableTargetOrigin(executable_path=sys.executable, module_name=DEFINITIONS)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loaded, DEFINITIONS)
    return RemoteRepositoryOrigin(location, REPOSITORY).get_job_origin(job)
