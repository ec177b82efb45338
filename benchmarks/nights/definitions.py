"""The project's definitions, with steps in the process of their run: nights need not start fifteen processes each."""

import dagster as dg

from acecoder_dagster.definitions import build_definitions


def _in_one_process(real: dg.Definitions) -> dg.Definitions:
    return dg.Definitions(
        assets=real.assets,
        jobs=real.jobs,
        schedules=real.schedules,
        sensors=real.sensors,
        resources=real.resources,
        executor=dg.in_process_executor,
    )


defs = _in_one_process(build_definitions())
