"""Seed functions: the code that questions are written from, collected from code and instruction data.

Belongs here: reading sources, functions with what they use, near-duplicates, sampling, collections on disk, and whether
code uses more than its arguments. Does not belong here: writing questions (`writing`), contamination
(`decontamination`), Dagster. A new shape of instruction data is an entry in `instructions.SHAPES`.
"""

from acecoder_dagster.questions.seeding.collecting import CollectedSeeds, collect_seeds
from acecoder_dagster.questions.seeding.effects import outside_effect
from acecoder_dagster.questions.seeding.errors import SeedError
from acecoder_dagster.questions.seeding.functions import FoundFunction, Module, names_loaded
from acecoder_dagster.questions.seeding.manifest import SeedManifest
from acecoder_dagster.questions.seeding.store import (
    StoredSeeds,
    collected_batches,
    collection_of,
    load_seeds,
    remove_seeds,
    store_seeds,
)

__all__ = [
    "CollectedSeeds",
    "FoundFunction",
    "Module",
    "SeedError",
    "SeedManifest",
    "StoredSeeds",
    "collect_seeds",
    "collected_batches",
    "collection_of",
    "load_seeds",
    "names_loaded",
    "outside_effect",
    "remove_seeds",
    "store_seeds",
]
