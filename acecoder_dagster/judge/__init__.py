"""The judge: runs programs of unknown origin in sandboxes, and says how each of their tests ended.

It is usable alone: `judge` is the door, and its docstring tells a program's way through the other rooms.

- `plan` takes the tests of a question apart: what the program is asked, and what is compared.
- `launch` starts sandboxes, by Docker, by bubblewrap or from a service. `sandbox` is the host's end of one.
- `run` takes programs through the sandboxes.
- `cluster` has that done by the nodes of a Ray cluster.
- `guest` is what runs inside a sandbox.
- `files` judges whole files of programs.
"""

from acecoder_dagster.judge.judge import Judge
from acecoder_dagster.judge.launch.host_packages import install_host_packages
from acecoder_dagster.judge.launch.images import build_image, connect_engine, ensure_image, image_name
from acecoder_dagster.judge.missing_modules import missing_modules
from acecoder_dagster.judge.plan.taking_apart import TestCode, read_test_code
from acecoder_dagster.judge.sets import set_names
from acecoder_dagster.judge.settings import ClusterSettings, SandboxSettings
from acecoder_dagster.judge.types import (
    IoTest,
    NodeSpeed,
    Observation,
    OtherSandboxError,
    Outcome,
    ProgramJob,
    QuestionTests,
    SandboxUnavailableError,
    Verdict,
)

__all__ = [
    "ClusterSettings",
    "IoTest",
    "Judge",
    "NodeSpeed",
    "Observation",
    "OtherSandboxError",
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
    "image_name",
    "install_host_packages",
    "missing_modules",
    "read_test_code",
    "set_names",
]
