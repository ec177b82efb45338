"""Preference pairs of the paper's shape, out of random digits: what they cost does not depend on what they say.

A digit is one token of a scratch model's tokenizer, so lengths in characters are lengths in tokens.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

PROGRAMS_PER_QUESTION = 16
MEAN_TOKENS = 160
"""Of prompts and of programs: a few hundred together."""
CANDIDATES = 2_000


@dataclass(frozen=True)
class PairShape:
    """How pass rates are distributed; with the paper's rule this decides how many pairs a prompt has.

    Attributes:
        name: What to call it: the pairs per prompt of many drawn prompts.
        passing: Beta distribution, over questions, of the share of programs that pass everything.
        failing: Beta distribution of the share of programs that pass nothing; the rest pass a part.
    """

    name: str
    passing: tuple[float, float]
    failing: tuple[float, float]


SHAPES = (PairShape("6.7", (0.2, 0.2), (8, 1)), PairShape("13", (0.25, 0.25), (3, 2)))


def write_pair_groups(path: Path, shape: PairShape, prompts: int, seed: int = 0) -> pl.DataFrame:
    """Write prompts with programs and pairs as the reward model's trainer reads them, and return them.

    Of many drawn questions with pairs, evenly spaced ones by their number of pairs are taken, so that few prompts have
    as many pairs per prompt as many would.
    """
    rng = np.random.default_rng(seed)
    drawn = [pairs for _ in range(CANDIDATES) if (pairs := _draw_pairs(rng, shape))]
    drawn.sort(key=len)
    chosen = [drawn[int((place + 0.5) * len(drawn) / prompts)] for place in range(prompts)]
    groups = pl.DataFrame([_group(rng, number, pairs) for number, pairs in enumerate(chosen)])
    groups.write_parquet(path)
    return groups


def _draw_pairs(rng: np.random.Generator, shape: PairShape) -> list[tuple[int, int]]:
    """Pairs by the paper's rule (equation 3) among the programs of a question."""
    size = PROGRAMS_PER_QUESTION
    passes = rng.random(size) < rng.beta(*shape.passing)
    fails = rng.random(size) < rng.beta(*shape.failing)
    rates = np.where(passes, 1.0, np.where(fails, 0.0, rng.integers(1, 16, size) / 16))
    better = (rates[:, None] > rates + 0.4) & (rates[:, None] > 0.8) & (rates > 0)
    return [(int(chosen), int(rejected)) for chosen, rejected in np.argwhere(better)]


def _group(rng: np.random.Generator, number: int, pairs: list[tuple[int, int]]) -> dict[str, object]:
    used = sorted({program for pair in pairs for program in pair})
    place = {program: index for index, program in enumerate(used)}
    return {
        "question_id": str(number),
        "prompt": _text(rng),
        "programs": [_text(rng) for _ in used],
        "chosen": [place[chosen] for chosen, _ in pairs],
        "rejected": [place[rejected] for _, rejected in pairs],
        "weights": [1.0] * len(pairs),
        "margins": [0.0] * len(pairs),
    }


def _text(rng: np.random.Generator) -> str:
    spread = 0.5
    length = int(np.clip(rng.lognormal(np.log(MEAN_TOKENS) - spread**2 / 2, spread), 16, 900))
    return "".join(map(str, rng.integers(0, 10, length)))
