"""The page with the curves of a training, written anew while it runs."""

import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from acecoder_dagster.evaluation.report_page import State, Training, curves_page
from acecoder_dagster.files import replace_text
from acecoder_dagster.learning.workers.curves import read_curves

SECONDS_BETWEEN_PAGES = 30
"""Often enough to watch, and hardly any work beside a training."""

_log = logging.getLogger(__name__)


class LiveCurves:
    """Writes the page of a training when it begins, while it runs and when it ends.

    It reads what the worker has written: a training knows nothing of its page, and no drawing stands in its way.

    Attributes:
        figures: to be set when the training is finished: what it reported.
    """

    def __init__(self, model: str, folder: Path, page: Path, seconds: float = SECONDS_BETWEEN_PAGES) -> None:
        """Prepare the page.

        Args:
            model: the model that is trained.
            folder: folder of the training.
            page: the page.
            seconds: time between two pages.
        """
        self.figures: dict[str, Any] = {}
        self._model, self._folder, self._page, self._seconds = model, folder, page, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name=f"curves of {model}", daemon=True)

    def __enter__(self) -> Self:
        """Write the first page and go on writing."""
        self._write(State.RUNNING)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write the last page."""
        self._ended.set()
        self._thread.join()
        self._write(State.STOPPED if error else State.FINISHED)

    def _keep_writing(self) -> None:
        while not self._ended.wait(self._seconds):
            self._write(State.RUNNING)

    def _write(self, state: State) -> None:
        try:
            training = Training(read_curves(self._folder), self.figures)
            self._page.parent.mkdir(parents=True, exist_ok=True)
            replace_text(self._page, curves_page(self._model, training, state, max(1, round(self._seconds))))
        except Exception:
            # A training of hours does not end because its page could not be written.
            _log.warning("The page %s could not be written", self._page, exc_info=True)
