"""Settings of the judge."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acecoder_dagster.judge.sets import SandboxSet, read_set

LauncherName = Literal["auto", "service", "docker", "bubblewrap"]

COUNT_VARIABLE = "ACECODER_SANDBOX_COUNT"
"""Environment variable: how many sandboxes a service has; containers/compose.yaml sets it."""

SANDBOXES_PER_WORKER = 8
"""Of a service. A worker needs up to four, and two steps of a graph may judge at the same time."""


def usual_workers() -> int:
    """Return one worker per core; where a service provides the sandboxes, as many workers as it has sandboxes for."""
    if count := os.environ.get(COUNT_VARIABLE):
        return max(1, int(count) // SANDBOXES_PER_WORKER)
    return os.cpu_count() or 1


class SandboxSettings(BaseModel):
    """Where programs run, and what each may use.

    Time limits are per test, and measured from outside the program. Processor time has one limit. Time that a program
    sleeps or is blocked has another. Time that it waits for a busy processor counts for neither, so the load of the
    machine does not change a verdict.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    launcher: LauncherName = Field(
        default="auto",
        description="what starts sandboxes; auto: the service of containers/compose.yaml inside it, docker where an "
        "engine answers, else bubblewrap: the system's, or the one that comes as a dependency",
    )
    set: str = Field(
        default="base",
        description="packages that programs may import: base, bigcodebench, or plain for the standard library alone; "
        "what is missing of them is built before the first program runs",
    )
    requirements: Path | None = Field(
        default=None,
        description="a requirements file of yours, for packages besides those of the set, or in their place",
    )
    image: str | None = Field(default=None, description="Docker image in place of the set's, for launcher = docker")
    runtime: str | None = Field(
        default=None, description="Docker's runtime, as runsc for gVisor; none: the engine's own. For launcher = docker"
    )
    workers: int = Field(default_factory=usual_workers, ge=1, description="programs judged at the same time")
    cpu_seconds_per_test: float = Field(default=1.0, gt=0, description="processor time one test may use")
    wait_seconds_per_test: float = Field(default=3.0, gt=0, description="time one test may sleep or be blocked")
    max_timeouts: int = Field(default=2, ge=1, description="timed-out tests after which the rest are given up")
    memory_mb: int = Field(default=1024, ge=64, description="address space of each process of a program")
    processes: int = Field(default=24, ge=1, description="processes and threads a program may have at once")
    scratch_mb: int = Field(default=64, ge=1, description="size of the temporary directory")
    report_mb: int = Field(default=8, ge=1, le=256, description="what all values of one program may weigh, encoded")
    max_program_bytes: int = Field(default=1_000_000, ge=1, description="a longer program is an error")
    retries: int = Field(default=2, ge=0, description="fresh sandboxes tried before a test becomes judge_error")

    @model_validator(mode="after")
    def _runtime_and_image_are_dockers(self) -> SandboxSettings:
        for name in ("runtime", "image"):
            if getattr(self, name) is not None and self.launcher != "docker":
                raise ValueError(f"{name} is a setting of Docker's: set launcher to docker too")
        return self

    def read_set(self) -> SandboxSet:
        """Return the set of packages.

        Raises:
            SandboxUnavailableError: there is no such set, or the user's requirements cannot be read.
        """
        return read_set(self.set, self.requirements)

    def seen_by_programs(self) -> dict[str, Any]:
        """Return what a verdict may depend on: limits and packages, but not where sandboxes run, and how many.

        Raises:
            SandboxUnavailableError: there is no such set, or the user's requirements cannot be read.
        """
        limits = self.model_dump(exclude={"launcher", "set", "requirements", "image", "runtime", "workers", "retries"})
        return limits | {"packages": self.image or self.read_set().digest()}


class ClusterSettings(BaseModel):
    """The machines that judge, and run models, when they are others than this one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        default=None,
        min_length=1,
        description="a Ray cluster whose nodes judge, one worker for each core: auto for the one that this machine is "
        "a node of, HOST:PORT of its head for the same, ray://HOST:10001 from outside; none: this machine judges",
    )
    runs_models: bool = Field(
        default=False,
        description="whether models are trained, sampled and asked for scores on a node too, each time as a Ray job; "
        "the project has to be in an object store, which the nodes can reach",
    )
    model_cores: int = Field(
        default=1, ge=1, description="cores of a node that such a job asks for: it computes with as many threads"
    )
    model_gpus: int = Field(default=0, ge=0, description="GPUs of a node that such a job asks for")
    sampling_jobs: int = Field(
        default=1, ge=1, description="jobs that share the questions of one sampling, each with engines of its own"
    )

    @model_validator(mode="after")
    def _runs_models_somewhere(self) -> ClusterSettings:
        if self.runs_models and self.address is None:
            raise ValueError("runs_models needs the address of a cluster: set cluster.address")
        return self
