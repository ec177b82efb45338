"""What of a refresh a cluster would judge, and how long that would take it, by speeds that were measured."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import Table
from acecoder_dagster.graph.assets import STAGES
from acecoder_dagster.graph.refresh.planning import PlannedStage
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import JUDGING_NODES
from acecoder_dagster.settings import Settings

DRIVER_PROGRAMS_PER_SECOND = 8_000
"""What one driver keeps under way, however many cores there are (benchmarks/cluster/results.md)."""

_FORM = re.compile(r"(\d+)\s*x\s*(\d+)(?:\s*cores?)?")


class MachinesError(AceCoderError, ValueError):
    """A cluster to plan for is written in no form that is known."""


@dataclass(frozen=True)
class Machines:
    """A cluster to plan for.

    Attributes:
        nodes: how many.
        cores: of each node.
    """

    nodes: int
    cores: int

    def __str__(self) -> str:
        return f"{self.nodes} node{'s' * (self.nodes != 1)} of {self.cores} core{'s' * (self.cores != 1)}"


@dataclass(frozen=True)
class JudgedStage:
    """What a cluster would judge for one stage.

    Attributes:
        stage: the stage.
        programs: how many programs are run, at most.
        programs_per_core: per second, as earlier runs measured; None where none ran programs.
        minutes: how long the cluster would take; None where no speed is known.
        cost: of its machines for that time; None where no price is set.
    """

    stage: str
    programs: int
    programs_per_core: float | None
    minutes: float | None
    cost: float | None


def read_machines(text: str) -> Machines:
    """Return the cluster that a text such as `8 x 16 cores` describes.

    Raises:
        MachinesError: it describes none.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or not all(int(number) for number in found.groups()):
        raise MachinesError(f"{text}: say how many nodes, and how many cores each has, as in '8 x 16 cores'")
    return Machines(int(found[1]), int(found[2]))


def plan_judging(project: OpenProject, planned: Sequence[PlannedStage], machines: Machines) -> list[JudgedStage]:
    """Return the stages of a plan that run programs, and what they would take on a cluster."""
    tables = {stage.name: stage.makes for stage in STAGES if isinstance(stage.makes, Table)}
    judged = []
    for each in planned:
        if each.programs and each.stage in tables:
            speed = _programs_per_core(project.lake.partitions(tables[each.stage]), project.settings)
            minutes = cost = None
            if speed is not None:
                per_second = min(speed * machines.nodes * machines.cores, DRIVER_PROGRAMS_PER_SECOND)
                minutes = each.programs / per_second / 60
                if (price := project.settings.prices.machine_hour) is not None:
                    cost = machines.nodes * price * minutes / 60
            judged.append(JudgedStage(each.stage, each.programs, speed, minutes, cost))
    return judged


def _programs_per_core(partitions: Sequence[Partition], settings: Settings) -> float | None:
    """Return the programs that one core judged per second, in all runs of a stage together."""
    programs = core_seconds = 0.0
    for partition in partitions:
        executed = partition.figures.get("programs_executed", 0)
        if JUDGING_NODES in partition.figures:
            for node in json.loads(partition.figures[JUDGING_NODES]):
                if node["programs_per_second"]:
                    programs += node["programs"]
                    core_seconds += node["programs"] * node["workers"] / node["programs_per_second"]
        elif executed:
            programs += executed
            core_seconds += partition.figures.get("seconds", 0) * settings.sandbox.workers
    return programs / core_seconds if core_seconds else None
