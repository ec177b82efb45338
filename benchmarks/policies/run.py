"""What reward models and reinforcement bring, by seed: `python -m benchmarks.policies HOME ...` after demos.

Each project folder holds a finished `acecoder demo --seed N`. The control is its base policy, trained on for as many
steps as the rule policy, with as many rows per step and the same learning rate, on more of the corpus it comes from;
it answers the same held-out questions, sampled and judged in the same way. The report is
benchmarks/policies/results.md.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console

from acecoder_dagster.cli.printing import progress_bar
from acecoder_dagster.data.home import Home
from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.lake import Artifact
from acecoder_dagster.data.tables import (
    BEST_OF_N,
    FILTERED_TESTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.evaluation import benchmark_scores
from acecoder_dagster.judge import Judge
from acecoder_dagster.learning.sampling import SamplingJob, program_rows, render_prompts
from acecoder_dagster.learning.training.settings import SupervisedSettings
from acecoder_dagster.learning.workers.corpus import corpus_rows
from acecoder_dagster.learning.workers.specifications import SamplePrograms
from acecoder_dagster.learning.workers.tasks import run_task
from acecoder_dagster.settings import Settings, read_settings
from benchmarks.common.report import ReportPath, write_report

REPORT = Path(__file__).with_name("results.md")
CONTROL = "supervised control"
BASE, RULE, REWARD_MODEL_POLICY, REWARD_MODEL = "base_policy", "policy_rule", "policy_reward_model", "reward_model"
CHOSEN_FROM = 8
CONTROL_SEED = 1_000_000
"""Added to the seed of the corpus, so that the control reads programs that the base policy has not seen."""


def main(
    homes: Annotated[list[Path], typer.Argument(help="Project folders of finished demos, best with different seeds.")],
    profile: Annotated[str, typer.Option(help="The profile of these demos.")] = "micro",
    report: ReportPath = REPORT,
) -> None:
    """Train and measure the controls, write the report."""
    settings = read_settings(profile)
    rows = [row for home in homes for row in _policies(str(home), Home(home.resolve()), settings)]
    chosen = [row for home in homes for row in _chosen_programs(str(home), Home(home.resolve()))]
    rule = settings.policy_rule
    lines = [
        "# Reinforcement beside supervised steps",
        "",
        "`ACECODER_HOME=FOLDER acecoder demo --seed N` for each seed, then `python -m benchmarks.policies FOLDER ...`. "
        f"pass@1 on held-out questions, {settings.evaluation.programs_per_question} programs each at temperature "
        f"{settings.sampling.temperature:g}, with 95% intervals by question. Policies are those of the step that did "
        "best on validation questions by executed tests, of the steps in brackets. The control goes on from the base "
        f"policy as the rule policy does: as many steps, {rule.prompts_per_step * rule.completions_per_prompt} rows in "
        f"each, learning rate {rule.learning_rate:g}.",
        "",
        "| folder | policy | steps | pass@1 | gain over the base policy | questions |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "# Programs chosen by the reward model",
        "",
        f"One of {CHOSEN_FROM} programs of the base policy for each held-out question, and the share of pairs of "
        "validation questions that the reward model orders rightly.",
        "",
        "| folder | pair accuracy | chosen by | solved | gain over the average | questions |",
        "|---|---|---|---|---|---|",
        *chosen,
        "",
    ]
    write_report(report, lines)


def _chosen_programs(name: str, home: Home) -> Iterator[str]:
    accuracy = _trained(home, REWARD_MODEL).figures["validation_pair_accuracy"]
    for row in home.lake.read(BEST_OF_N).filter(pl.col("n") == CHOSEN_FROM).iter_rows(named=True):
        yield f"| {name} | {accuracy:.3f} | {row['method']} | {_measured(row)} |"


def _measured(row: dict[str, Any]) -> str:
    """Cells: the share solved, the gain over the baseline, both with their intervals, and of how many questions."""
    solved = f"{row['solved']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{solved} | {row['gain']:+.3f} [{row['gain_low']:+.3f}, {row['gain_high']:+.3f}] | {row['questions']}"


def _policies(name: str, home: Home, settings: Settings) -> Iterator[str]:
    base, rule, rewarded = (_trained(home, each) for each in (BASE, RULE, REWARD_MODEL_POLICY))
    with tempfile.TemporaryDirectory() as folder:
        control = _train_control(base, rule, Path(folder), settings)
        written, judged = _answers(home, control, Path(folder), settings)
    lake = home.lake
    programs = pl.concat(
        [
            lake.read(SAMPLED_PROGRAMS).filter(pl.col("model") == BASE).select("program_id", "model"),
            lake.read(POLICY_PROGRAMS).select("program_id", "model"),
            written.select("program_id", "model"),
        ]
    )
    results = pl.concat([lake.read(table).select(judged.columns) for table in (TEST_RESULTS, POLICY_RESULTS)])
    of_the_same = results.join(judged, on="question_id", how="semi").join(programs, on="program_id", how="semi")
    scores = benchmark_scores(pl.concat([of_the_same, judged]), programs, BASE, settings.evaluation)
    taken = {
        BASE: "",
        CONTROL: f"{rule.figures['steps']:.0f}",
        RULE: _steps(rule),
        REWARD_MODEL_POLICY: _steps(rewarded),
    }
    of_model = {row["model"]: row for row in scores.iter_rows(named=True) if row["metric"] == "pass@1"}
    for model, steps in taken.items():
        yield f"| {name} | {model} | {steps} | {_measured(of_model[model])} |"


def _steps(policy: Artifact) -> str:
    return f"{policy.figures['best_step']:.0f} (of {policy.figures['steps']:.0f})"


def _trained(home: Home, name: str) -> Artifact:
    artifact = home.artifacts.current(name)
    if artifact is None:
        raise typer.BadParameter(f"{home.root} has no {name}: run `acecoder demo` there to its end first")
    return artifact


def _train_control(base: Artifact, rule: Artifact, folder: Path, settings: Settings) -> Path:
    from acecoder_dagster.learning.training.supervised import train_supervised

    rows_per_step = settings.policy_rule.prompts_per_step * settings.policy_rule.completions_per_prompt
    wanted = rows_per_step * int(rule.figures["steps"])
    rows = folder / "corpus.parquet"
    corpus_rows(wanted, settings.seed + CONTROL_SEED, settings.micro, settings.prompt).write_parquet(rows)
    training = SupervisedSettings(
        rows_per_step=rows_per_step,
        learning_rate=settings.policy_rule.learning_rate,
        precision="float32",
        processes=settings.base_policy.supervised.processes,
        threads=1,
    )
    with progress_bar(Console(stderr=True), "control") as bar:

        def told(step: int, total: int, figures: dict[str, float]) -> None:
            bar(step, total, f"loss {figures['loss']:.3g}")

        train_supervised(rows, str(base.folder), folder / CONTROL, training, told)
    return folder / CONTROL


def _answers(home: Home, control: Path, folder: Path, settings: Settings) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The control's programs for the held-out questions, and their verdicts."""
    tests = home.lake.read(FILTERED_TESTS)
    questions = home.lake.read(QUESTIONS).filter(pl.col("split") == "test").join(tests, on="question_id", how="semi")
    prompts = render_prompts(settings.prompt, questions, str(control))
    job = SamplingJob(model=str(control), prompts=folder / "prompts.parquet", output=folder / "completions.parquet")
    prompts.write_parquet(job.prompts)
    wanted = {"programs_per_question": settings.evaluation.programs_per_question}
    sampling = settings.sampling.model_copy(update=wanted)
    run_task(SamplePrograms(jobs=(job,), sampling=sampling, seed=settings.seed), lambda *_: None)
    written = program_rows(pl.read_parquet(job.output), prompts, CONTROL, CONTROL, sampling)
    kept = dict(tests.group_by("question_id").len().iter_rows())
    with Judge(settings.sandbox) as judge:
        judged, _ = judge_table(judge, written, question_tests(questions, tests), kept, CONTROL, lambda _: None)
    return written, judged
