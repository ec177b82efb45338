"""Collects seeds and leaves out what cannot be used, near-duplicates, and what the sample does not contain."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import SEED_FUNCTIONS
from acecoder_dagster.questions.seeding.code import find_code, read_code
from acecoder_dagster.questions.seeding.found import FoundSeed
from acecoder_dagster.questions.seeding.instructions import read_data, seeds_of_data
from acecoder_dagster.questions.seeding.manifest import SeedManifest
from acecoder_dagster.questions.similarity import Neighbours, code_tokens, ngrams

SHINGLE = 5
"""Tokens per shingle of code when near-duplicates are looked for."""


@dataclass(frozen=True)
class CollectedSeeds:
    """Seeds (columns of SEED_FUNCTIONS) and rejected ones (REJECTED_ROWS): as many as were found."""

    seeds: pl.DataFrame
    rejected: pl.DataFrame

    def reasons(self) -> pl.DataFrame:
        """Return how many seeds were rejected: reason, rows."""
        return self.rejected.group_by("reason").len("rows").sort("rows", "reason", descending=[True, False])


def collect_seeds(manifest: SeedManifest) -> CollectedSeeds:
    """Read the sources of a manifest.

    Functions are near-duplicates when their runs of tokens, without comments, are alike by `likeness` or more. The
    first one is kept.

    Raises:
        SeedError: a source does not exist or has no known shape.
        ImportFileError: a file of instruction data cannot be read.
    """
    kept: dict[str, FoundSeed] = {}
    rejected = Rejections(SEED_FUNCTIONS.name, "seed")
    neighbours: Neighbours[str] = Neighbours(manifest.likeness)
    descriptions: set[tuple[str, str]] = set()
    for seed in _found(manifest):
        seed_id = _seed_id(seed)
        if seed.reason is not None:
            rejected.add(seed_id, None, seed.reason, seed.evidence)
        elif manifest.documented and not seed.instruction:
            rejected.add(seed_id, None, Reason.NO_DOCSTRING, f"{seed.upstream_id} has no docstring")
        elif seed_id in kept or (seed.instruction and (seed.entry_point, seed.instruction) in descriptions):
            rejected.add(
                seed_id, None, Reason.REPEATED, f"{seed.upstream_id} of {seed.source}: the same was found before"
            )
        else:
            parts = ngrams(code_tokens(seed.own_code), SHINGLE)
            nearest = neighbours.nearest(parts)
            if nearest is not None:
                twin, likeness = nearest
                evidence = f"{seed.upstream_id}: {likeness:.2f} like {kept[twin].upstream_id} (seed {twin})"
                rejected.add(seed_id, None, Reason.NEAR_DUPLICATE, evidence)
            else:
                neighbours.add(seed_id, parts)
                descriptions.add((seed.entry_point, seed.instruction or ""))
                kept[seed_id] = seed
    for seed_id in _left_out(list(kept), manifest):
        seed = kept.pop(seed_id)
        evidence = f"{seed.upstream_id}: not among the {manifest.sample} drawn with seed {manifest.seed}"
        rejected.add(seed_id, None, Reason.NOT_SAMPLED, evidence)
    return CollectedSeeds(_seed_rows(kept, manifest), rejected.table())


def _found(manifest: SeedManifest) -> Iterator[FoundSeed]:
    for folder in [find_code(address) for address in manifest.code]:
        yield from read_code(folder, manifest.licence)
    for address in manifest.data:
        yield from seeds_of_data(*read_data(address), manifest.licence)


def _seed_id(seed: FoundSeed) -> str:
    return text_id(seed.source, seed.upstream_id, seed.code)


def _left_out(seed_ids: list[str], manifest: SeedManifest) -> list[str]:
    if manifest.sample is None or manifest.sample >= len(seed_ids):
        return []
    drawn = set(Random(f"sample {manifest.seed}").sample(seed_ids, manifest.sample))
    return [seed_id for seed_id in seed_ids if seed_id not in drawn]


def _seed_rows(kept: dict[str, FoundSeed], manifest: SeedManifest) -> pl.DataFrame:
    rows: list[dict[str, object]] = [
        {
            "seed_id": seed_id,
            "source": seed.source,
            "upstream_id": seed.upstream_id,
            "upstream_revision": seed.upstream_revision,
            "licence": seed.licence,
            "split": manifest.split_by_hash(seed_id),
            "instruction": seed.instruction,
            "code": seed.code,
            "entry_point": seed.entry_point,
            "argument_texts": [],
        }
        for seed_id, seed in kept.items()
    ]
    return SEED_FUNCTIONS.conform(pl.DataFrame(rows, schema=SEED_FUNCTIONS.schema))
