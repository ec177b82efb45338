"""What further branches and adversarial rounds add: `python -m benchmarks.strengthening --data FOLDER`.

Questions of MBPP start with the one test that they show. Reference, one half of the recorded programs and mutants take
part in the rounds; the other half of the programs, labelled by the official tests that nobody saw, is judged by what
comes of them. The product's own code runs, sandboxes included; 200 questions take some ten minutes on two cores.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from acecoder_dagster.data.judged_tables import judge_outcomes
from acecoder_dagster.data.tables import CANDIDATE_TESTS, OFFICIAL, ORACLE_PROGRAMS
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.test_suites.call_tests import split_test
from acecoder_dagster.questions.test_suites.choosing import (
    FilteredTests,
    PassTable,
    Strengthened,
    filter_tests,
    make_pass_table,
    reference_oracles,
    shrink_suites,
    strengthen_suites,
    writers_trust,
)
from acecoder_dagster.questions.test_suites.executed import observing_sandbox
from acecoder_dagster.questions.test_suites.inputs import InputSettings
from acecoder_dagster.questions.test_suites.quality import Tally, ratio_interval
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, share_cell, write_report

REPORT = Path(__file__).with_name("results.md")
ROUNDS = (0, 1, 2, 3)
MAX_TESTS = 8
MUTANTS = 24
INPUTS = InputSettings()
SANDBOX = SandboxSettings()


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs and verdicts.")],
    count: Annotated[int, typer.Option(help="How many questions.")] = 200,
    report: ReportPath = REPORT,
) -> None:
    """Measure and write the report."""
    questions, candidates = _questions(data, count)
    programs = _programs(data, questions)
    takes_part = pl.col("program_id").hash(seed=0) % 2 == 0
    references, _ = reference_oracles(questions)
    oracles = pl.concat([references, programs.filter(takes_part).select(list(ORACLE_PROGRAMS.schema))])
    others = programs.filter(~takes_part)
    rows = []
    with Judge(SANDBOX) as judge, Judge(observing_sandbox(SANDBOX, INPUTS)) as observer:
        judged = partial(judge_outcomes, judge, questions)
        filtered, passes = _shown_only(candidates, oracles, judged)
        trust = writers_trust(filtered.kept, candidates)
        suites = {"the one shown": Strengthened(filtered, passes, 0)}
        for rounds in ROUNDS:
            suites[f"branches, {rounds} rounds"] = strengthen_suites(
                filtered,
                passes,
                candidates,
                questions,
                judged,
                observer.observe,
                INPUTS,
                rounds=rounds,
                seed=0,
                threads=SANDBOX.workers,
            )
        for name, stronger in suites.items():
            outcomes = judged(others, stronger.filtered.kept)
            small = shrink_suites(
                stronger.filtered, stronger.passes, trust, questions, min_tests=1, max_tests=MAX_TESTS
            )
            for label, chosen in ((name, stronger.filtered), (f"{name}, at most {MAX_TESTS}", small)):
                rows.append(
                    {"tests": label, **_quality(chosen.kept, outcomes, others), "inputs tried": str(stronger.tried)}
                )
    names = list(rows[0])
    lines = [
        "# What further branches and adversarial rounds add",
        "",
        f"`python -m benchmarks.strengthening`, {describe_machine()}. {questions.height} questions of MBPP that start "
        f"with the test that they show; {oracles.height - references.height} programs and mutants of the references "
        f"take part, {others.height} other programs are judged. In brackets: 95% intervals, bootstrap by question.",
        "",
        f"| {' | '.join(names)} |",
        "|" + "---|" * len(names),
        *(f"| {' | '.join(row[name] for name in names)} |" for row in rows),
    ]
    write_report(report, lines)


def _questions(data: Path, count: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return questions, and the test that each shows (columns of CANDIDATE_TESTS)."""
    problems = pl.read_parquet(data / "problems.parquet").filter(source="mbpp", split="test")
    shown = [split_test(tests[0].strip(), name) for tests, name in problems.select("tests", "entry_point").iter_rows()]
    usable = problems.filter(pl.Series([each is not None for each in shown], dtype=pl.Boolean)).head(count)
    tests = usable.select(
        "question_id",
        test_id="question_id",
        test=pl.col("tests").list.first().str.strip_chars(),
        position=pl.lit(0),
        origin=pl.lit(OFFICIAL),
        times_written=pl.lit(1),
    )
    return usable, CANDIDATE_TESTS.conform(tests)


def _programs(data: Path, questions: pl.DataFrame) -> pl.DataFrame:
    """Return the recorded programs of the questions, each text once, with `right` by the official tests."""
    programs = pl.read_parquet(data / "programs.parquet").join(questions, on="question_id", how="semi")
    programs = programs.unique(["question_id", "program"], keep="first", maintain_order=True)
    verdicts = pl.read_parquet(data / "verdicts.parquet").select("question_id", "program_id", right="passed")
    labelled = programs.join(verdicts, on=["question_id", "program_id"], maintain_order="left").drop_nulls("right")
    return labelled.with_columns(program_id=pl.format("{} {}", "question_id", "program_id"))


def _shown_only(
    candidates: pl.DataFrame, oracles: pl.DataFrame, judged: partial[pl.DataFrame]
) -> tuple[FilteredTests, PassTable]:
    outcomes = judged(oracles, candidates)
    results = outcomes.group_by("question_id", "program_id").agg(
        "passed", outcomes=pl.when("passed").then(pl.lit("passed")).otherwise(pl.lit("failed"))
    )
    filtered = filter_tests(candidates, results, 1, "reference", oracles)
    return filtered, make_pass_table(filtered.kept, candidates, oracles, results, judged, MUTANTS)


def _quality(kept: pl.DataFrame, outcomes: pl.DataFrame, programs: pl.DataFrame) -> dict[str, str]:
    of_kept = outcomes.join(kept, on="test_id", how="semi")
    accepted = of_kept.group_by("question_id", "program_id").agg(accepted=pl.col("passed").all())
    known = accepted.join(programs.select("program_id", "right"), on="program_id")
    cells = {"tests each": f"{kept.height / kept['question_id'].n_unique():.1f}"}
    for name, is_right in (("TPR", True), ("TNR", False)):
        good = pl.col("accepted") == pl.col("right")
        counts = known.filter(right=is_right).group_by("question_id").agg(good=good.sum(), total=pl.len())
        share = ratio_interval(Tally(name, {q: (g, t) for q, g, t in counts.sort("question_id").iter_rows()}), 2000)
        cells[name] = share_cell(share)
    return cells
