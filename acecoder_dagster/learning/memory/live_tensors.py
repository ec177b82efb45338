"""Counting the memory of the tensors that are alive, whether they are real or fake."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import Any, Self

import torch
from torch.distributed.tensor import DTensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveTensors(TorchDispatchMode):  # type: ignore[misc]  # torch is not followed by mypy
    """Counts the bytes of all tensors that are made while it is entered, until they are gone.

    It is `torch.distributed._tools.MemTracker` without figures for every module: those took five times as long.

    Attributes:
        peaks: Most bytes that were alive at the same time, in each phase; a phase begins with `begin`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.peaks: dict[str, int] = {}
        self._alive = 0
        self._sizes: dict[int, int] = {}
        self._phase = ""
        self._resize: Callable[[torch.UntypedStorage, int], object] = torch.UntypedStorage.resize_

    def begin(self, phase: str) -> None:
        """Begin a phase; it may have been under way before."""
        self._phase = phase
        self.peaks[phase] = max(self.peaks.get(phase, 0), self._alive)

    def __enter__(self) -> Self:
        """Begin to count."""
        # FSDP frees and brings back the weights of a layer by resizing their storage, of which a mode is not told.
        original, sizes = self._resize, self._sizes

        @wraps(original)
        def resize(storage: torch.UntypedStorage, size: int) -> None:
            original(storage, size)
            if storage._cdata in sizes:
                self._set(storage._cdata, storage.nbytes())

        torch.UntypedStorage.resize_ = resize
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting."""
        super().__exit__(kind, error, trace)
        torch.UntypedStorage.resize_ = self._resize

    def __torch_dispatch__(
        self,
        operation: Any,  # noqa: ANN401 - torch's own
        types: tuple[type, ...],
        arguments: tuple[object, ...] = (),
        named: dict[str, object] | None = None,
    ) -> object:
        """Run an operation, and count what it returns."""
        if any(kind is DTensor for kind in types):
            # Counted are the local parts, of which the operation is told next.
            return NotImplemented
        results = operation(*arguments, **(named or {}))
        for result in tree_leaves(results):
            if isinstance(result, torch.Tensor):
                self._count(result.untyped_storage())
        return results

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = 0
            self._set(key, storage.nbytes())
            weakref.finalize(storage, self._forget, key)

    def _set(self, key: int, size: int) -> None:
        self._alive += size - self._sizes[key]
        self._sizes[key] = size
        if self._alive > self.peaks.get(self._phase, 0):
            self.peaks[self._phase] = self._alive

    def _forget(self, key: int) -> None:
        self._alive -= self._sizes.pop(key)
