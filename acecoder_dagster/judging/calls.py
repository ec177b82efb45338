"""Running a trusted program on arguments to see what it returns."""

from collections.abc import Callable, Iterator

import polars as pl

from acecoder_dagster.sandbox import CallJob, Judge
from acecoder_dagster.synthesis import ObservedCall


