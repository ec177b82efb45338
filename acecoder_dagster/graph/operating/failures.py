"""Why a run failed, in the words of its failed steps."""

from collections.abc import Iterable, Iterator
from typing import Any

import dagster as dg


def step_failures(events: Iterable[dg.DagsterEvent]) -> Iterator[str]:
    """Return a line for each failed step among some events: its name, and why it failed."""
    for event in events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            reason = event.step_failure_data.user_failure_data
            text = reason.description if reason and reason.description else _innermost(error) if error else ""
            yield f"{event.step_key}: {text}"


def _innermost(error: Any) -> str:  # noqa: ANN401 - Dagster's SerializableErrorInfo has no public name
    """Return what the error says that all others come from; the traceback is on the run's page."""
    while error.cause is not None:
        error = error.cause
    message: str = error.message
    return message.strip()
