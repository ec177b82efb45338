"""Progress of long steps: a line in the terminal, an event on the run's page."""

import sys
import time

import dagster as dg

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_EVENTS = 15.0


class Progress:
    """Counts what is done and tells it, not oftener than every few seconds.

    `advance` is cheap enough to be called for every row.
    """

    def __init__(self, context: dg.AssetExecutionContext, unit: str, total: int) -> None:
        self._context = context
        self._unit = unit
        self._total = total
        self._done = 0
        self._started = self._last_line = self._last_event = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Add to what is done."""
        self._done += count
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            print_line(self._context.asset_key.to_user_string(), self._line(now))
        if now - self._last_event >= SECONDS_BETWEEN_EVENTS:
            self._last_event = now
            self._context.log_event(
                dg.AssetObservation(self._context.asset_key, metadata={"done": self._done, "total": self._total})
            )
            self._context.log.info(self._line(now))

    def _line(self, now: float) -> str:
        rate = self._done / max(now - self._started, 1e-9)
        left = (self._total - self._done) / rate if rate else 0.0
        return f"{self._done:,} of {self._total:,} {self._unit}, {rate:,.0f}/s, {left:,.0f} s left"


def print_line(stage: str, text: str) -> None:
    """Print one line of progress to the terminal."""
    print(f"  {stage:<22} {text}", file=sys.stderr, flush=True)
