"""Kept tests reduced to the smallest suites that tell the same programs and mutants apart."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from acecoder_dagster.synthesis.agreement import Ballot, agree
from acecoder_dagster.synthesis.filtering import FilteredTests, rejected_tests
from acecoder_dagster.synthesis.mutants import mutants
from acecoder_dagster.synthesis.oracles import MODEL
from acecoder_dagster.synthesis.shrinking import Flags, SuiteMatrix, smallest_suite
from acecoder_dagster.synthesis.writing import ORIGIN as EXECUTED
from acecoder_dagster.tables import FILTERED_TESTS

UNWRITTEN = 0.5
"""How likely an input that no writer thought of is one that the question asks for."""

NOT_NEEDED = "the smallest suite has the power without it"

JudgeOutcomes = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""Given programs and tests, returns question_id, program_id, test_id and passed of each program on each test."""


def writers_trust(kept: pl.DataFrame, candidates: pl.DataFrame) -> dict[str, float]:
    """Return by writer how likely its kept tests are fair: the share of its tests that were kept.

    A writer whose tests are often wrong writes right ones by chance too, with inputs that the question excludes. Tests
    from execution are never wrong, but nobody thought of their inputs either.

    Args:
        kept: columns of FILTERED_TESTS, of as many questions as there are.
        candidates: columns of CANDIDATE_TESTS, of the same questions.
    """
    marked = candidates.join(kept.select("test_id", kept=pl.lit(1)), on="test_id", how="left")
    shares = marked.group_by("origin").agg(trust=(pl.col("kept").sum() + 1) / (pl.len() + 2))
    return dict(shares.iter_rows()) | {EXECUTED: UNWRITTEN}


def shrink_suites(
    filtered: FilteredTests,
    candidates: pl.DataFrame,
    oracles: pl.DataFrame,
    oracle_results: pl.DataFrame,
    trust: Mapping[str, float],
    judge_outcomes: JudgeOutcomes,
    *,
    min_tests: int,
    max_tests: int,
    mutants_per_question: int,
) -> tuple[FilteredTests, int]:
    """Keep of each question's kept tests the smallest suite with their power.

    Args:
        filtered: what a policy kept and rejected.
        candidates: columns of CANDIDATE_TESTS.
        oracles: columns of ORACLE_PROGRAMS: all of them show which tests tell programs apart.
        oracle_results: columns of TEST_RESULTS, their outcomes on the candidates.
        trust: what `writers_trust` returned.
        judge_outcomes: runs mutants on the kept tests.
        min_tests: fewest tests of a question.
        max_tests: most tests of a question.
        mutants_per_question: how many mutants of the best oracle program a suite has to notice.

    Returns:
        The same tests, fewer of them kept, and the number of programs executed.
    """
    outcomes = _oracle_outcomes(filtered.kept, candidates, oracle_results)
    changed = _mutants(outcomes, oracles, mutants_per_question)
    mutated = judge_outcomes(changed, filtered.kept)
    by_program, by_mutant = _by_question(outcomes), _by_question(mutated)
    chosen: list[str] = []
    for (question,), tests in filtered.kept.sort("position").group_by("question_id", maintain_order=True):
        ids = tests["test_id"].to_list()
        matrix = SuiteMatrix(
            _matrix(by_program.get(str(question)), ids),
            _matrix(by_mutant.get(str(question)), ids),
            np.array([trust[writer] for writer in tests["origin"]]),
        )
        chosen += [ids[position] for position in smallest_suite(matrix, min_tests, max_tests)]
    is_chosen = pl.col("test_id").is_in(chosen)
    kept = filtered.kept.filter(is_chosen).sort("question_id", "position")
    kept = kept.with_columns(position=pl.int_range(pl.len()).over("question_id"))
    left_out = rejected_tests(filtered.kept.filter(~is_chosen), pl.lit(NOT_NEEDED))
    return FilteredTests(FILTERED_TESTS.conform(kept), pl.concat([filtered.rejected, left_out])), changed.height


def _oracle_outcomes(kept: pl.DataFrame, candidates: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    positions = pl.int_ranges(0, pl.col("passed").list.len())
    single = results.select("question_id", "program_id", "passed", position=positions).explode("passed", "position")
    of_kept = candidates.select("question_id", "position", "test_id").join(kept, on="test_id", how="semi")
    return single.join(of_kept, on=["question_id", "position"]).drop("position")


def _mutants(outcomes: pl.DataFrame, oracles: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return mutants of each question's reference, or of a program of the most believed behaviour."""
    known = {row["program_id"]: row for row in oracles.iter_rows(named=True)}
    rows = []
    for question, of_question in _by_question(outcomes).items():
        programs = [known[program_id] for program_id in of_question]
        trusted = [row["program"] for row in programs if row["model"] == MODEL]
        if not trusted:
            flags = np.array([list(tests.values()) for tests in of_question.values()], dtype=np.bool_)
            ballot = Ballot(flags, [row["model"] for row in programs], [frozenset[str]()] * flags.shape[1])
            behaviours = agree({question: ballot})[question].behaviours
            trusted = [programs[behaviours[0].programs[0]]["program"]] if behaviours else []
        rows += [
            {"question_id": question, "program_id": f"{question} mutant {number}", "program": mutant}
            for program in trusted[:1]
            for number, mutant in enumerate(mutants(program, limit))
        ]
    return pl.DataFrame(rows, schema={"question_id": pl.String, "program_id": pl.String, "program": pl.String})


def _by_question(outcomes: pl.DataFrame) -> dict[str, dict[str, dict[str, bool]]]:
    """Return by question, program and test whether it passed."""
    nested: dict[str, dict[str, dict[str, bool]]] = {}
    columns = outcomes.sort("question_id", "program_id", "test_id").select(
        "question_id", "program_id", "test_id", "passed"
    )
    for question, program, test, passed in columns.iter_rows():
        nested.setdefault(question, {}).setdefault(program, {})[test] = passed
    return nested


def _matrix(programs: dict[str, dict[str, bool]] | None, tests: list[str]) -> Flags:
    rows = [[of_tests[test] for test in tests] for of_tests in (programs or {}).values()]
    return np.array(rows, dtype=np.bool_).reshape(-1, len(tests))
