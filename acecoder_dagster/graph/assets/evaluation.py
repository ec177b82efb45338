"""Measuring on held-out questions: scores, best-of-N, programs of the trained policies, pass@1, the report."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster import evaluation
from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.lake import Partition, replace_file
from acecoder_dagster.data.tables import (
    BENCHMARK_SCORES,
    BEST_OF_N,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    PROGRAM_SCORES,
    REJECTED_ROWS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.tests_as_rows import tests_written
from acecoder_dagster.graph.groups import EVALUATION, TRAINING_OWNERS
from acecoder_dagster.graph.metadata import picture
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.graph.steps.sampling import Sampler, base_policy_sampler, sample_questions
from acecoder_dagster.graph.steps.training import learning_curves
from acecoder_dagster.graph.steps.training_rows import held_out_questions, held_out_results, training_rows
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL, WORKER_RETRIES, run_worker
from acecoder_dagster.judge import Judge
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.workers.specifications import ScorePrograms
from acecoder_dagster.settings import seeded


@dg.asset(
    deps=["reward_model", "sampled_programs", "test_results"],
    group_name=EVALUATION,
    kinds={"parquet", "pytorch"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="1",
    check_specs=[accounted_check(PROGRAM_SCORES)],
)
def program_scores(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Reward-model scores of the programs sampled for held-out questions."""
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        model = project.home.artifacts.current("reward_model")
        assert model is not None, "run_stage has made sure that it is there"
        questions = held_out_questions(project)
        prompts = render_prompts(settings.prompt, questions, str(model.folder))
        programs = training_rows(project, SAMPLED_PROGRAMS).join(prompts, on="question_id")
        asked, scored = project.home.scratch / "programs.parquet", project.home.scratch / "scores.parquet"
        asked.parent.mkdir(parents=True, exist_ok=True)
        programs.select("question_id", "program_id", "prompt", "program").write_parquet(asked)
        figures = run_worker(
            context,
            project,
            ScorePrograms(model=model.folder, programs=asked, output=scored, settings=settings.scoring),
        )
        rows = programs.select("question_id", "program_id").join(pl.read_parquet(scored), on="program_id", how="left")
        known = rows.filter(pl.col("score").is_not_null())
        yield batches[0], StageRows(known, rows.height, _without_score(rows), figures)

    stage = lineage.program_scores(project)
    return run_stage(context, project, stage, compute)


@dg.asset(
    deps=[program_scores, "test_results"],
    group_name=EVALUATION,
    kinds={"parquet", "polars"},
    owners=TRAINING_OWNERS,
    code_version="2",
    check_specs=[accounted_check(BEST_OF_N)],
)
def best_of_n(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Share of held-out questions solved when the reward model chooses among N programs (paper, section 4.2)."""
    measuring = seeded(project.settings.evaluation, project.settings.seed)

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        rows = evaluation.best_of_n(
            held_out_results(project),
            project.lake.read(PROGRAM_SCORES),
            training_rows(project, SAMPLED_PROGRAMS),
            training_rows(project, FILTERED_TESTS),
            measuring,
        )
        yield batches[0], StageRows(rows, rows.height)

    stage = lineage.best_of_n(project)

    def plot(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        curve = evaluation.plot_best_of_n(pl.read_parquet(partitions[0].rows_file))
        context.add_asset_metadata({"curve": picture(curve, "Best-of-N")})
        publish_warehouse(project)
        return []

    return run_stage(context, project, stage, compute, checks=plot)


@dg.asset(
    deps=["questions", "base_policy", *lineage.POLICIES],
    group_name=EVALUATION,
    kinds={"parquet", "vllm"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
    check_specs=[accounted_check(POLICY_PROGRAMS)],
)
def policy_programs(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Programs that the trained policies write for held-out questions, sampled as the base policy's were."""
    settings = project.settings
    sampling = settings.sampling.model_copy(update={"programs_per_question": settings.evaluation.programs_per_question})

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        questions = held_out_questions(project)
        trained = [(name, project.home.artifacts.current(name)) for name in lineage.POLICIES]
        jobs = [
            (name, Sampler(name, str(artifact.folder), artifact.content_key), questions)
            for name, artifact in trained
            if artifact is not None
        ]
        sampled = sample_questions(context, project, jobs, sampling)
        rows = pl.concat([programs for programs, _ in sampled.values()])
        figures = {
            name: sum(each[name] for _, each in sampled.values())
            for name in ("model_calls", "prompt_tokens", "completion_tokens")
        }
        yield batches[0], StageRows(rows, rows.height, figures=figures)

    stage = lineage.policy_programs(project)
    return run_stage(context, project, stage, compute)


@dg.asset(
    deps=[policy_programs, "filtered_tests"],
    group_name=EVALUATION,
    kinds={"parquet", "docker"},
    owners=TRAINING_OWNERS,
    code_version="1",
    check_specs=[accounted_check(POLICY_RESULTS)],
)
def policy_results(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Verdicts of the trained policies' programs."""
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        programs = project.lake.read(POLICY_PROGRAMS)
        kept = training_rows(project, FILTERED_TESTS)
        tests = question_tests(held_out_questions(project), kept)
        written = tests_written(training_rows(project, CANDIDATE_TESTS), kept)
        progress = RowProgress(context, "programs", programs.height)
        with Judge(settings.sandbox) as judge:
            results, rejected = judge_table(judge, programs, tests, written, "policy_results", progress.advance)
        yield batches[0], StageRows(results, programs.height, rejected, {"programs_executed": results.height})

    stage = lineage.policy_results(project)
    return run_stage(context, project, stage, compute)


@dg.asset(
    deps=[policy_results, "test_results"],
    group_name=EVALUATION,
    kinds={"parquet", "polars"},
    owners=TRAINING_OWNERS,
    code_version="1",
    check_specs=[accounted_check(BENCHMARK_SCORES)],
)
def benchmark_scores(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """pass@k on held-out questions before and after reinforcement learning, with paired intervals by question."""
    settings = project.settings
    measuring = seeded(settings.evaluation, settings.seed)

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        base = base_policy_sampler(project, settings).name
        before = training_rows(project, SAMPLED_PROGRAMS).filter(pl.col("model") == base)
        programs = pl.concat([before, project.lake.read(POLICY_PROGRAMS)])
        results = pl.concat([held_out_results(project), project.lake.read(POLICY_RESULTS)])
        judged = results.join(programs.select("program_id"), on="program_id")
        rows = evaluation.benchmark_scores(judged, programs, base, measuring)
        yield batches[0], StageRows(rows, rows.height)

    def plot(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        scores = pl.read_parquet(partitions[0].rows_file)
        for (metric,), of_metric in scores.group_by("metric", maintain_order=True):
            context.add_asset_metadata({f"plot {metric}": picture(evaluation.plot_policies(of_metric), str(metric))})
        return []

    return run_stage(context, project, lineage.benchmark_scores(project), compute, checks=plot)


@dg.asset(
    deps=["reward_model", "rollouts", "training_curves", best_of_n, benchmark_scores],
    group_name=EVALUATION,
    kinds={"markdown", "matplotlib"},
    owners=TRAINING_OWNERS,
    code_version="1",
)
def report(project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """What was learned, in tables and plots, with 95% intervals; also written to report.md in the project folder."""
    published = publish_warehouse(project)
    quality = evaluation.reward_quality(
        held_out_results(project),
        project.lake.read(PROGRAM_SCORES),
        training_rows(project, SAMPLED_PROGRAMS),
        held_out_questions(project),
        seeded(project.settings.evaluation, project.settings.seed),
    )
    rendered = evaluation.render_report(
        project.lake.read(BENCHMARK_SCORES).drop("batch"),
        project.lake.read(BEST_OF_N).drop("batch"),
        quality,
        training_rows(project, TEST_RESULTS)["pass_rate"],
        learning_curves(project),
    )
    path = project.home.root / "report.md"
    replace_file(path, lambda temporary: temporary.write_text(rendered.markdown, encoding="utf-8"))
    plots = {name.replace(" ", "_"): picture(png, name) for name, png in rendered.plots.items()}
    return dg.MaterializeResult(
        metadata={
            "report": dg.MetadataValue.md(rendered.markdown),
            "file": dg.MetadataValue.path(str(path)),
            **plots,
            **published,
        }
    )


def _without_score(rows: pl.DataFrame) -> pl.DataFrame:
    return REJECTED_ROWS.conform(
        rows.filter(pl.col("score").is_null()).select(
            stage=pl.lit(PROGRAM_SCORES.name),
            row_kind=pl.lit("program"),
            row_id="program_id",
            question_id="question_id",
            reason=pl.lit("longer than the reward model reads"),
            evidence=pl.lit(""),
        )
    )
