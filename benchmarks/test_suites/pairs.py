"""Which preference pairs are truly ordered: the winner passes the official tests and the loser does not."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from acecoder_dagster.data.lake import syntax_hash
from acecoder_dagster.data.tables import TEST_RESULTS
from acecoder_dagster.learning.preference import PairSettings, build_pairs
from acecoder_dagster.questions.test_suites.quality import ErrorRates, failure_group
from benchmarks.test_suites.questions import Chosen, MeasuredQuestion, Suite

RULES = {
    "paper": PairSettings(rule="paper", weighting="pair", max_pairs_per_question="all"),
    "released": PairSettings(rule="released", weighting="pair", max_pairs_per_question="all"),
    "ours, without probabilities": PairSettings(rule="ours", weighting="question", max_pairs_per_question=64),
    "ours": PairSettings(rule="ours", weighting="probability", max_pairs_per_question=64),
}


def pair_rows(
    name: str, questions: Sequence[MeasuredQuestion], suites: Mapping[str, Suite], programs: Chosen
) -> list[dict[str, str]]:
    """Return a row per rule: pairs made of the chosen programs by the verdicts of the suites, and how true they are.

    The error rates that our rule weighs by are measured on the other half of the questions.

    Args:
        name: what the suites are.
        questions: all of them; those without a suite make no pairs.
        suites: by question, the positions of its tests.
        programs: which rows of a question's matrix are paired.
    """
    tested = [question for question in questions if question.question_id in suites]
    halves = tested[::2], tested[1::2]
    frames = [_frames(half, suites, programs) for half in halves]
    rates = [_error_rates(results) for results, _, _ in reversed(frames)]
    rows = []
    for rule, settings in RULES.items():
        made = []
        for (results, texts, asked), measured in zip(frames, rates, strict=True):
            weighed = settings.model_copy(update={"error_rates": measured})
            pairs, _ = build_pairs(results.select(list(TEST_RESULTS.schema)), texts, asked, weighed)
            label = results.select("program_id", "right")
            made.append(
                pairs.join(label, left_on="chosen_program_id", right_on="program_id").join(
                    label, left_on="rejected_program_id", right_on="program_id", suffix="_loser"
                )
            )
        rows.append({"tests": name, "rule": rule, **_truth(pl.concat(made))})
    return rows


def _truth(pairs: pl.DataFrame) -> dict[str, str]:
    shares = {
        "truly ordered": pl.col("right") & ~pl.col("right_loser"),
        "both right": pl.col("right") & pl.col("right_loser"),
        "both wrong": ~pl.col("right") & ~pl.col("right_loser"),
        "inverted": ~pl.col("right") & pl.col("right_loser"),
    }
    if pairs.is_empty():
        return {"questions": "0", "pairs": "0", **dict.fromkeys(shares, "no pair")}
    weight = pl.col("weight")
    found = pairs.select(**{name: (weight * share).sum() / weight.sum() for name, share in shares.items()})
    return {
        "questions": str(pairs["question_id"].n_unique()),
        "pairs": f"{pairs.height:,}",
        **{name: f"{found[name].item():.2%}" for name in shares},
    }


def _frames(
    questions: Sequence[MeasuredQuestion], suites: Mapping[str, Suite], programs: Chosen
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return verdicts (columns of TEST_RESULTS and right), programs and questions as `build_pairs` reads them."""
    results, texts = [], []
    for question in questions:
        suite = list(suites[question.question_id])
        for row in np.flatnonzero(programs(question)):
            passed = question.passed[row, suite].tolist()
            outcomes = ["passed" if each else "failed" for each in passed]
            verdict = "passed" if all(passed) else "failed"
            program_id = f"{question.question_id}#{row}"
            results.append(
                {
                    "program_id": program_id,
                    "question_id": question.question_id,
                    "verdict": verdict,
                    "outcomes": outcomes,
                    "passed": passed,
                    "sealed": [True] * len(passed),
                    "tests_passed": sum(passed),
                    "tests_kept": len(passed),
                    "tests_written": len(question.tests),
                    "pass_rate": sum(passed) / len(passed),
                    "cpu_ms": 0.0,
                    "wall_ms": 0.0,
                    "peak_mb": 0.0,
                    "message": "",
                    "right": bool(question.right[row] == 1),
                }
            )
            program = question.programs[row]
            texts.append(
                {
                    "program_id": program_id,
                    "model": str(question.models[row]),
                    "sample_index": int(row),
                    "program": program,
                    "syntax_hash": syntax_hash(program),
                }
            )
    asked = pl.DataFrame(
        {
            "question_id": [question.question_id for question in questions],
            "question": [""] * len(questions),
            "split": ["train"] * len(questions),
        }
    )
    return pl.DataFrame(results, infer_schema_length=None), pl.DataFrame(texts), asked


def _error_rates(results: pl.DataFrame) -> ErrorRates:
    failed = pl.col("tests_kept") - pl.col("tests_passed")
    groups = results.select("right", group=failure_group(failed, pl.col("tests_kept")))
    rates = {}
    for name, is_right in (("right", True), ("wrong", False)):
        counts = np.bincount(groups.filter(pl.col("right") == is_right)["group"].to_numpy(), minlength=7) + 0.5
        rates[name] = tuple((counts / counts.sum()).tolist())
    return ErrorRates(right=rates["right"], wrong=rates["wrong"])
