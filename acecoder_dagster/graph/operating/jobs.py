"""One job per thing that a user does."""

import dagster as dg

from acecoder_dagster.graph.groups import BENCHMARKS, DATA_GROUPS, EVALUATION, TRAINING

WHOLE_PIPELINE = "whole_pipeline"
DATA_ONLY = "data_only"
TRAINING_ONLY = "training_only"
EVALUATION_ONLY = "evaluation_only"
TAKE_IN = "take_in"
STANDARD_BENCHMARKS = "standard_benchmarks"
TRAINING_AND_EVALUATION = "training_and_evaluation"

ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
UNFINISHED = [status for status in dg.DagsterRunStatus if status not in ENDED]
"""Statuses of runs that have not ended."""

jobs = [
    dg.define_asset_job(
        WHOLE_PIPELINE,
        # Those have partitions of their own: a run has one kind.
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups(BENCHMARKS),
        description="From seeds to the report: everything, for the chosen batches",
    ),
    dg.define_asset_job(
        DATA_ONLY,
        selection=dg.AssetSelection.groups(*DATA_GROUPS),
        description="Questions, tests, programs, verdicts, tables, pairs; no reward model, no reinforcement",
    ),
    dg.define_asset_job(
        TRAINING_ONLY,
        selection=dg.AssetSelection.groups(TRAINING),
        description="Reward model and both policies, from the tables that are there",
    ),
    dg.define_asset_job(
        EVALUATION_ONLY,
        selection=dg.AssetSelection.groups(EVALUATION),
        description="Best-of-N, pass@1 of the policies, report, from the models that are there",
    ),
    dg.define_asset_job(
        TRAINING_AND_EVALUATION,
        selection=dg.AssetSelection.groups(TRAINING, EVALUATION),
        description="Reward model, policies and what they are worth, from the tables that are there",
    ),
    dg.define_asset_job(
        STANDARD_BENCHMARKS,
        selection=dg.AssetSelection.groups(BENCHMARKS),
        description="What models score on standard benchmarks, for the chosen pairs of a model and a benchmark",
    ),
    dg.define_asset_job(
        TAKE_IN,
        selection=dg.AssetSelection.assets("imported_files"),
        description="Imports one file of the inbox, or one configured source, and registers its batches",
    ),
]
