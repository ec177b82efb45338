"""What `acecoder plan` says about the memory of trainings."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from acecoder_dagster.cli.models import MissingModelsError, need_libraries
from acecoder_dagster.cli.printing import output, print_frame, print_line

if TYPE_CHECKING:
    from acecoder_dagster.learning.memory.devices import Devices
    from acecoder_dagster.settings import Settings

GB = 1e9


def print_memory(settings: Settings, devices: Devices | None, planned: Collection[str]) -> None:
    """Print for each training how much memory it needs, and what to change if that is too much.

    Args:
        settings: The profile.
        devices: The GPUs that were named: then all trainings are told. Else those that a refresh would do are, for
            the devices of this machine.
        planned: Names of the stages that a refresh would work on.
    """
    import polars as pl

    from acecoder_dagster.graph.refresh.memory import plan_memory, trainings_of
    from acecoder_dagster.learning.memory.devices import devices_here

    told = [name for name in trainings_of(settings) if devices is not None or name in planned]
    if not told:
        return
    try:
        need_libraries("the memory of trainings")
    except MissingModelsError as error:
        print_line(output, f"not estimated: {error}")
        return
    there = devices or devices_here()
    found = list(plan_memory(settings, told, there))
    fits = {True: "yes", False: "no", None: "not known"}
    rows = [
        {
            "training": each.training,
            "fits": fits[each.fits],
            "gb_needed": None if each.needed is None else round(each.needed / GB, 1),
            "gb_there": round(there.memory / GB, 1),
            "processes": each.processes,
        }
        for each in found
    ]
    print_frame(output, pl.DataFrame(rows), title=f"memory of each process, on {there}")
    for said in dict.fromkeys(each.said for each in found):
        names = ", ".join(each.training for each in found if each.said == said)
        print_line(output, f"{names}: {said}")
