"""Measuring on held-out questions: best-of-N by the reward model, pass@1 of the policies, the report."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.evaluation import best_of_n as best_of_n_table
from acecoder_dagster.evaluation import benchmark_scores as benchmark_scores_table
from acecoder_dagster.orchestration.groups import EVALUATION, TRAINING_OWNERS
from acecoder_dagster.orchestration.resources import Project

