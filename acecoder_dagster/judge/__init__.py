"""The judge: runs programs of unknown origin against tests, in sandboxes, and says how each test ended."""

from acecoder_dagster.judge.judge import Judge
from acecoder_dagster.judge.launch.host_packages import host_packages, install_host_packages
from acecoder_dagster.judge.launch.images import build_image, connect_engine, ensure_image, project_image
from acecoder_dagster.judge.plan.taking_apart import TestCode, read_test_code
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import (
    IoTest,
    Observation,
    Outcome,
    ProgramJob,
    QuestionTests,
    SandboxUnavailableError,
    Verdict,
)

__all__ = [
    "IoTest",
    "Judge",
    "Observation",
    "Outcome",
    "ProgramJob",
    "QuestionTests",
    "SandboxSettings",
    "SandboxUnavailableError",
    "TestCode",
    "Verdict",
    "build_image",
    "connect_engine",
    "ensure_image",
    "host_packages",
    "install_host_packages",
    "project_image",
    "read_test_code",
]
