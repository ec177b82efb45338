"""The modules that programs missed: packages that the set of the sandbox does not have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_MISSING = re.compile(r"No module named '([A-Za-z_]\w*)")


def missing_modules(messages: Iterable[str]) -> Counter[str]:
    """Count the packages that programs could not import.

    Args:
        messages: of verdicts.

    Returns:
        Number of programs by the name of the package.
    """
    found = (_MISSING.search(message) for message in messages)
    return Counter(match[1] for match in found if match)
