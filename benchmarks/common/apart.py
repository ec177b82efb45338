"""Work in processes of its own."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def apart(work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - the work's own
    """Do work in a process of its own: no memory, of a GPU neither, and nothing kept warm is shared."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()
