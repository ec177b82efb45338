"""Verdicts of the sampled programs."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import CANDIDATE_TESTS, FILTERED_TESTS, QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.data.tests_as_rows import tests_written
from acecoder_dagster.evaluation import plot_pass_rates
from acecoder_dagster.graph.groups import DATA_OWNERS, PROGRAMS
from acecoder_dagster.graph.metadata import picture
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import LeftRows, StageRows, accounted_check, run_stage_by_rows
from acecoder_dagster.judge import Judge

JUDGE_WORKS = "judge_reached_verdicts"
MAX_JUDGE_ERRORS = 0.01
"""Share of programs without a verdict above which what follows is stopped."""


@dg.asset(
    deps=["questions", "candidate_tests", "filtered_tests", "sampled_programs"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=PROGRAMS,
    kinds={"parquet", "docker"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[
        accounted_check(TEST_RESULTS),
        dg.AssetCheckSpec(
            JUDGE_WORKS,
            asset="test_results",
            blocking=True,
            description=f"At most {MAX_JUDGE_ERRORS:.0%} of programs are without a verdict (judge_error)",
        ),
    ],
)
def test_results(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Verdicts: every sampled program run in the sandbox on the kept tests of its question."""
    settings = project.settings

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        programs = {batch: left(batch, project.lake.read(SAMPLED_PROGRAMS, [batch])) for batch in batches}
        progress = RowProgress(context, "programs", sum(rows.height for rows in programs.values()))
        with Judge(settings.sandbox) as judge:
            for batch, rows in programs.items():
                kept = project.lake.read(FILTERED_TESTS, [batch])
                tests = question_tests(project.lake.read(QUESTIONS, [batch]), kept)
                written = tests_written(project.lake.read(CANDIDATE_TESTS, [batch]), kept)
                results, rejected = judge_table(judge, rows, tests, written, "test_results", progress.advance)
                figures = {"programs_executed": results.height, "tests_executed": int(results["tests_kept"].sum())}
                without_verdict = results.filter(verdict="judge_error")["program_id"]
                yield batch, StageRows(results, rows.height, rejected, figures, try_again=without_verdict)

    def checks(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        results = pl.concat([pl.read_parquet(partition.rows_file) for partition in partitions])
        context.add_asset_metadata({"pass_rates": picture(plot_pass_rates(results["pass_rate"]), "Pass rates")})
        return [_judge_works(results)]

    return run_stage_by_rows(context, project, lineage.test_results(project), compute, checks)


def _judge_works(results: pl.DataFrame) -> dg.AssetCheckResult:
    without = int((results["verdict"] == "judge_error").sum())
    share = without / max(results.height, 1)
    return dg.AssetCheckResult(
        check_name=JUDGE_WORKS,
        passed=share <= MAX_JUDGE_ERRORS,
        description=f"{without} of {results.height} programs have no verdict. Look at their message column, check "
        "`docker ps` or bubblewrap, then materialize test_results again.",
    )
