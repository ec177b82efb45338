"""What a zygote imports before its first fork, so that no program spends its time on it."""

from __future__ import annotations

import importlib
import os

# What programs of language models often import. Each module makes every fork slower, so those that one program in a
# hundred needs, such as dataclasses and hashlib, are left to that program.
COMMON_MODULES = """
abc bisect collections contextlib copy datetime decimal enum fractions functools heapq io itertools json math
operator os random re string sys time types typing
"""
# Too heavy for every sandbox, and too slow to import for a program that has one second.
SCIENTIFIC_MODULES = """
numpy pandas scipy scipy.optimize scipy.sparse scipy.spatial scipy.special scipy.stats sympy networkx
sklearn sklearn.cluster sklearn.decomposition sklearn.ensemble sklearn.linear_model sklearn.metrics
sklearn.model_selection sklearn.preprocessing statsmodels.api matplotlib.pyplot seaborn
"""

_SCIENTIFIC_PACKAGES = frozenset(name.split(".")[0].encode() for name in SCIENTIFIC_MODULES.split())


def needs_scientific(text: bytes) -> bool:
    """Whether source text mentions one of the scientific packages.

    A wrong guess costs time only: every sandbox can import all packages that are installed.
    """
    return any(package in text for package in _SCIENTIFIC_PACKAGES)


def preload(names: str) -> None:
    """Import modules, named with spaces between; those that are not installed are left out.

    Raises:
        RuntimeError: an import started a thread, which a fork would lose.
    """
    for name in names.split():
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        raise RuntimeError(f"importing modules started {threads - 1} threads")
