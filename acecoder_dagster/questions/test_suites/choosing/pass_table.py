"""Which programs pass which kept tests: oracle programs, and mutants of a trusted program."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from acecoder_dagster.data.tables import ORACLE_PROGRAMS
from acecoder_dagster.questions.test_suites.choosing.agreement import Ballot, agree
from acecoder_dagster.questions.test_suites.choosing.fewest_tests import Flags
from acecoder_dagster.questions.test_suites.choosing.mutants import mutants
from acecoder_dagster.questions.test_suites.choosing.oracles import MODEL

JudgeOutcomes = Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
"""Given programs and tests, returns question_id, program_id, test_id and passed of each program on each test."""

MUTANT = "mutant"
"""Stands as the model of mutants."""

OUTCOMES = pl.Schema(
    {"question_id": pl.String, "program_id": pl.String, "test_id": pl.String, "passed": pl.Boolean, "model": pl.String}
)


@dataclass(frozen=True)
class PassTable:
    """Which programs pass which kept tests of their questions.

    Attributes:
        programs: columns of ORACLE_PROGRAMS: oracle programs and, as those of the model MUTANT, mutants.
        trusted: by question, program_id of the reference, or of a program of the most believed behaviour.
        outcomes: columns of OUTCOMES, a row per program and kept test.
        executed: programs run to find this out.
    """

    programs: pl.DataFrame
    trusted: Mapping[str, str]
    outcomes: pl.DataFrame
    executed: int

    def survivors(self) -> pl.DataFrame:
        """Return the programs that pass every test so far (columns of ORACLE_PROGRAMS)."""
        failed = self.outcomes.filter(~pl.col("passed"))
        return self.programs.join(failed, on="program_id", how="anti", maintain_order="left")

    def with_outcomes(self, outcomes: pl.DataFrame, executed: int) -> "PassTable":
        """Return the same with outcomes (question_id, program_id, test_id, passed) on further tests."""
        named = outcomes.join(self.programs.select("program_id", "model"), on="program_id", maintain_order="left")
        return replace(
            self,
            outcomes=pl.concat([self.outcomes, named.select(list(OUTCOMES))]),
            executed=self.executed + executed,
        )


def make_pass_table(
    kept: pl.DataFrame,
    candidates: pl.DataFrame,
    oracles: pl.DataFrame,
    oracle_results: pl.DataFrame,
    judge_outcomes: JudgeOutcomes,
    mutants_per_question: int,
) -> PassTable:
    """Return what oracle programs and mutants do on kept tests.

    Args:
        kept: columns of FILTERED_TESTS.
        candidates: columns of CANDIDATE_TESTS, of the same questions.
        oracles: columns of ORACLE_PROGRAMS.
        oracle_results: columns of TEST_RESULTS, outcomes of the oracle programs on the candidates.
        judge_outcomes: runs mutants on the kept tests.
        mutants_per_question: the most mutants of a question's trusted program.
    """
    positions = pl.int_ranges(0, pl.col("passed").list.len())
    single = oracle_results.select("question_id", "program_id", "passed", position=positions).explode(
        "passed", "position"
    )
    of_kept = candidates.select("question_id", "position", "test_id").join(kept, on="test_id", how="semi")
    outcomes = single.join(of_kept, on=["question_id", "position"]).drop("position")
    judged = oracles.join(outcomes, on="program_id", how="semi", maintain_order="left")
    trusted = {question: program["program_id"] for question, program in _trusted(outcomes, judged)}
    changed = _mutants(judged.filter(pl.col("program_id").is_in(list(trusted.values()))), mutants_per_question)
    passes = PassTable(pl.concat([judged, changed]), trusted, pl.DataFrame(schema=OUTCOMES), 0)
    return passes.with_outcomes(outcomes, 0).with_outcomes(judge_outcomes(changed, kept), changed.height)


def outcome_matrices(outcomes: pl.DataFrame, tests: Mapping[str, list[str]]) -> dict[str, Flags]:
    """Return by question which programs pass which tests: programs, in the order of their ids, by tests.

    Args:
        outcomes: columns of OUTCOMES.
        tests: by question, test_ids; every program has an outcome on each.
    """
    nested: dict[str, dict[str, dict[str, bool]]] = {question: {} for question in tests}
    columns = outcomes.sort("question_id", "program_id").select("question_id", "program_id", "test_id", "passed")
    for question, program, test, passed in columns.iter_rows():
        if question in nested:
            nested[question].setdefault(program, {})[test] = passed
    return {
        question: np.array(
            [[of_program[test] for test in tests[question]] for of_program in programs.values()], dtype=np.bool_
        ).reshape(-1, len(tests[question]))
        for question, programs in nested.items()
    }


def _trusted(outcomes: pl.DataFrame, oracles: pl.DataFrame) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each question's reference, or a program of the most believed behaviour (a row of ORACLE_PROGRAMS)."""
    known = {row["program_id"]: row for row in oracles.iter_rows(named=True)}
    for (key,), rows in outcomes.group_by("question_id", maintain_order=True):
        question = str(key)
        tests = rows["test_id"].unique(maintain_order=True).to_list()
        programs = [known[program_id] for program_id in sorted(rows["program_id"].unique())]
        references = [row for row in programs if row["model"] == MODEL]
        if references:
            yield question, references[0]
            continue
        flags = outcome_matrices(rows, {question: tests})[question]
        ballot = Ballot(flags, [row["model"] for row in programs], [frozenset[str]()] * len(tests))
        behaviours = agree({question: ballot})[question].behaviours
        if behaviours:
            yield question, programs[behaviours[0].programs[0]]


def _mutants(programs: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Return mutants of programs as further ones (columns of ORACLE_PROGRAMS)."""
    rows = [
        (f"{question} mutant {number}", question, MUTANT, number, mutant)
        for question, program in programs.select("question_id", "program").iter_rows()
        for number, mutant in enumerate(mutants(program, limit))
    ]
    return pl.DataFrame(rows, schema=ORACLE_PROGRAMS.schema, orient="row")
