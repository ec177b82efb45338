"""Progress of stages that work row by row: lines in the terminal, events on the run's page."""

import time

import dagster as dg

from acecoder_dagster.learning.progress import ProgressTeller, describe_progress


class RowProgress:
    """Counts what is done and tells it, not oftener than every few seconds."""

    def __init__(self, context: dg.AssetExecutionContext, unit: str, total: int) -> None:
        self._context = context
        self._unit = unit
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        self._teller = ProgressTeller(context.asset_key.to_user_string(), self._tell_page)

    def advance(self, count: int = 1) -> None:
        """Add to what is done."""
        self._done += count
        self._teller.tell(self._line)

    def _tell_page(self, line: str) -> None:
        done = {"done": self._done, "total": self._total}
        self._context.log_event(dg.AssetObservation(self._context.asset_key, metadata=done))
        self._context.log.info(line)

    def _line(self) -> str:
        seconds = time.monotonic() - self._started
        return describe_progress(self._done, self._total, seconds, self._unit)
