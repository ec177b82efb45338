"""The asset graph: everything that knows Dagster, and nothing else does.

Belongs here: assets, what a stage reads, running it, refreshing, jobs and schedules. Does not belong here: rules and
algorithms; they live in the packages below, which know nothing of Dagster.
"""

import warnings

import dagster as dg

# Dagster says of backfill_policy and of Pipes' inner parts that they are beta or preview each time they are used; the
# version is pinned, so that is no news.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
