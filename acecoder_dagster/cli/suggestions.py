"""Names that were mistyped."""

from collections.abc import Iterable
from difflib import get_close_matches

from acecoder_dagster.data.home import RunError


def refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names that do not exist.

    Args:
        kind: What is named, such as `asset`.
        given: What was typed.
        known: What exists.

    Raises:
        RunError: A name does not exist; the message says which it may have been, else lists what exists.
    """
    known = list(known)
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(known) or 'none'}"
            raise RunError(f"no {kind} is called {name!r}: {hint}")
