"""How long work says where it is: a line in the terminal and an event on the run's page, both at a bearable rate.

Belongs here: what trainings, sampling and row-wise stages share of that, without knowing Dagster.
"""

import sys
import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_EVENTS = 15.0

QUIET_LIBRARIES = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TQDM_DISABLE": "1",
}
"""Variables of the environment that keep libraries' bars and warnings out of the terminal: progress is told here."""

Progress = Callable[[int, int, dict[str, float]], None]
"""Called as `progress(step, total_steps, figures)` after every step."""


def describe_progress(done: int, total: int, seconds: float, unit: str = "") -> str:
    """Return a line such as `120 of 600 questions, 4/s, 120 s left`.

    Speed and time left are told once a hundredth is done: the first units carry the start of models and sandboxes.

    Args:
        done: Units that are done.
        total: All units.
        seconds: Time that they took.
        unit: What the units are called.
    """
    line = f"{done:,} of {total:,} {unit}".rstrip()
    if not done or done * 100 < total or seconds <= 0:
        return line
    speed = done / seconds
    told = f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.2g}/s"
    left = (total - done) / speed
    if not left:
        return f"{line}, {told}"
    return f"{line}, {told}, " + (f"{left:,.0f} s left" if left < 120 else f"{left / 60:,.0f} min left")


class ProgressTeller:
    """Tells lines of progress to the terminal every few seconds and to the run's page a little less often."""

    def __init__(self, stage: str, tell_page: Callable[[str], None]) -> None:
        """Begin to count the seconds.

        Args:
            stage: stands in front of every line in the terminal.
            tell_page: puts a line on the run's page.
        """
        self._stage = stage
        self._tell_page = tell_page
        self._last_line = self._last_event = time.monotonic()

    def tell(self, line: Callable[[], str], *, last: bool = False) -> None:
        """Tell a line where it is time for one; cheap enough to be called for every row.

        Args:
            line: makes the line.
            last: tell it in any case.
        """
        now = time.monotonic()
        if last or now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            print(f"  {self._stage:<22} {line()}", file=sys.stderr, flush=True)
        if last or now - self._last_event >= SECONDS_BETWEEN_EVENTS:
            self._last_event = now
            self._tell_page(line())
