"""Verdicts of the sampled programs."""

from collections.abc import Iterator

from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.tables import CANDIDATE_TESTS, FILTERED_TESTS, QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.data.tests_as_rows import tests_written
from acecoder_dagster.evaluation import plot_pass_rates
from acecoder_dagster.graph.groups import PROGRAMS
from acecoder_dagster.graph.inputs import LABELS, PROVENANCE, same_batch, without
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.stages import Check, Finding, StageRows, Work, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.key_parts import where_programs_run
from acecoder_dagster.judge import missing_modules

MAX_JUDGE_ERRORS = 0.01
"""Share of programs without a verdict above which what follows is stopped."""


def _judge_works(step: Step) -> Finding:
    results = step.rows_made()
    without = int((results["verdict"] == "judge_error").sum())
    return Finding(
        passed=without / max(results.height, 1) <= MAX_JUDGE_ERRORS,
        description=f"{without} of {results.height} programs have no verdict. Look at their message column, check "
        "`docker ps` or bubblewrap, then materialize test_results again.",
    )


def _pass_rates(step: Step) -> Metadata:
    results = step.rows_made()
    page: Metadata = {"pass_rates": picture(plot_pass_rates(results["pass_rate"]), "Pass rates")}
    if missing := missing_modules(results["message"]):
        page["missing_packages"] = dict(missing.most_common())
    return page


@table_stage(
    TEST_RESULTS,
    reads=(
        *without(LABELS, same_batch(QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS)),
        *without(PROVENANCE, same_batch(SAMPLED_PROGRAMS)),
    ),
    settings=where_programs_run,
    unit="program_id",
    code_version="2",
    partitions=seed_batches,
    group=PROGRAMS,
    kinds={"parquet", "docker"},
    checks=(
        Check(
            "judge_reached_verdicts",
            f"At most {MAX_JUDGE_ERRORS:.0%} of programs are without a verdict (judge_error)",
            _judge_works,
        ),
    ),
    page=_pass_rates,
    work=lambda planned: Work(programs=planned.programs),
)
def test_results(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Verdicts: every sampled program run in the sandbox on the kept tests of its question."""
    programs = {batch: step.changed(batch, step.read(SAMPLED_PROGRAMS, batch)) for batch in step.batches}
    progress = step.progress("programs", sum(rows.height for rows in programs.values()))
    with step.judge() as judge:
        for batch, rows in programs.items():
            kept = step.read(FILTERED_TESTS, batch)
            tests = question_tests(step.read(QUESTIONS, batch), kept)
            written = tests_written(step.read(CANDIDATE_TESTS, batch), kept)
            results, rejected = judge_table(judge, rows, tests, written, TEST_RESULTS.name, progress.advance)
            figures = {"programs_executed": results.height, "tests_executed": int(results["tests_kept"].sum())}
            without_verdict = results.filter(verdict="judge_error")["program_id"]
            yield batch, StageRows(results, rows.height, rejected, figures, try_again=without_verdict)
