"""Which seeds come from a benchmark, and the evidence."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import SEED_FUNCTIONS
from acecoder_dagster.judge import Judge
from acecoder_dagster.python_source import NO_TREE, parse_source
from acecoder_dagster.questions.decontamination.benchmarks import (
    Benchmarks,
    code_shingles,
    function_shingles,
    is_comparable,
)
from acecoder_dagster.questions.decontamination.execution import easily_passed, passes_tests, runnable
from acecoder_dagster.questions.decontamination.settings import DecontaminationSettings
from acecoder_dagster.questions.similarity import jaccard, ngrams, word_tokens


@dataclass(frozen=True)
class Contamination:
    """A seed that comes from a benchmark: the benchmark's question, how it was found, and what was seen."""

    seed_id: str
    question: str
    reason: Reason
    evidence: str


def find_contamination(
    seeds: pl.DataFrame,
    benchmarks: Benchmarks,
    settings: DecontaminationSettings,
    judge: Judge | None,
    advance: Callable[[int], None],
) -> list[Contamination]:
    """Return the seeds that come from a benchmark, each once.

    Words are compared first, then code. Seeds that neither finds are run.

    Args:
        seeds: columns of SEED_FUNCTIONS.
        benchmarks: what to keep away from.
        settings: how alike a seed must be.
        judge: an open judge; None to run nothing.
        advance: called with the number of seeds, or runs of one, that are done.
    """
    found: dict[str, Contamination] = {}
    to_run: list[dict[str, Any]] = []
    for row in seeds.iter_rows(named=True):
        advance(1)
        by_text = _by_words(row, benchmarks, settings) or _by_code(row, benchmarks)
        if by_text is None:
            to_run.append(row)
        else:
            found[row["seed_id"]] = by_text
    if judge is not None:
        candidates = [runnable(row["seed_id"], row["code"] or "", row["entry_point"]) for row in to_run]
        codes = {row["seed_id"]: row["code"] for row in to_run}
        ready = [each for each in candidates if each is not None]
        hits = list(passes_tests(ready, benchmarks, judge, advance))
        easy = easily_passed(benchmarks, judge) if hits else set()
        for seed_id, question in hits:
            likeness = jaccard(code_shingles(codes[seed_id]), question.shingles)
            is_telling = question.is_telling and question.upstream_id not in easy
            if is_telling or (likeness >= settings.weak_likeness and is_comparable(codes[seed_id])):
                what = f"passes all {len(question.tests)} tests of {question.upstream_id}; code {likeness:.2f} alike"
                found.setdefault(
                    seed_id, Contamination(seed_id, question.upstream_id, Reason.CONTAMINATED_EXECUTION, what)
                )
    return list(found.values())


def contaminated_seeds(seeds: pl.DataFrame, found: list[Contamination]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the seeds that are clean, and the others as REJECTED_ROWS."""
    upstream = dict(seeds.select("seed_id", "upstream_id").iter_rows())
    rejected = Rejections(SEED_FUNCTIONS.name, "seed")
    for each in found:
        rejected.add(each.seed_id, None, each.reason, f"{upstream[each.seed_id]}: {each.evidence}")
    return seeds.filter(~pl.col("seed_id").is_in([each.seed_id for each in found])), rejected.table()


def _by_words(row: dict[str, Any], benchmarks: Benchmarks, settings: DecontaminationSettings) -> Contamination | None:
    texts = [row["instruction"] or "", *_documentation(row["code"] or "")]
    for text in texts:
        tokens = word_tokens(text)
        for run in sorted(ngrams(tokens, settings.words)):
            question = benchmarks.words.get(run)
            if question is not None:
                return Contamination(
                    row["seed_id"], question, Reason.CONTAMINATED_WORDS, f"shares with {question}: {run!r}"
                )
    return None


def _by_code(row: dict[str, Any], benchmarks: Benchmarks) -> Contamination | None:
    for shingles, is_long in function_shingles(row["code"] or ""):
        nearest = (benchmarks.functions if is_long else benchmarks.named_functions).nearest(shingles)
        if nearest is not None:
            question, likeness = nearest
            what = f"a function is {likeness:.2f} like one of the reference program of {question}"
            return Contamination(row["seed_id"], question, Reason.CONTAMINATED_CODE, what)
    return None


def _documentation(code: str) -> list[str]:
    try:
        tree = parse_source(code)
    except NO_TREE:
        return [code]
    documented = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)]
    return [text for node in documented if (text := ast.get_docstring(node))]
