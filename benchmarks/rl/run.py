"""How long reinforcement waits for the judge: `python -m benchmarks.rl` after `make demo`.

The demo's base policy is trained for some steps on the demo's hard questions, with executed tests as reward, in three
ways in the same run: as this project does it, with programs judged while others are still being written; the same, with
the judge asked after the whole batch; and by TRL's GRPOTrainer as it comes, which asks its reward function then.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from acecoder_dagster.data.home import Home
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.learning.policy.rewards import Judgement, JudgePrograms, ProgramOfQuestion
from acecoder_dagster.learning.sampling import extract_program
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.workers.rewards import judge_by_question
from acecoder_dagster.settings import read_settings
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report

REPORT = Path(__file__).with_name("results.md")
PHASES = ("generate", "reward", "train")


def main(
    home: Annotated[Path | None, typer.Option(help="Project folder of a finished demo; else $ACECODER_HOME.")] = None,
    steps: Annotated[int, typer.Option(help="Optimiser steps of each way.")] = 15,
    launcher: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    report: ReportPath = REPORT,
) -> None:
    """Train, compare, write the report."""
    project = Home(home.resolve()) if home else Home.from_environment()
    base, trained = (project.artifacts.current(name) for name in ("base_policy", "policy_rule"))
    if base is None or trained is None:
        raise typer.BadParameter(f"{project.root} holds no finished demo: run `make demo` first")
    questions = trained.folder / "questions.parquet"
    policy = read_settings("micro").policy_rule
    settings = policy.model_copy(update={"steps": steps, "validate_every": steps, "patience": steps, "threads": 1})
    with Judge(SandboxSettings(launcher=launcher)) as judge, tempfile.TemporaryDirectory() as folder:
        ask = judge_by_question(judge, pl.read_parquet(questions))
        ways = {
            "judged while others are written": _ours(base.folder, questions, ask, settings, Path(folder) / "alongside"),
            "judged after the batch": _ours(base.folder, questions, _at_the_end(ask), settings, Path(folder) / "after"),
            "TRL's GRPOTrainer, judged after the batch": _trl(base.folder, questions, ask, settings, Path(folder)),
        }
    lines = [
        "# Reinforcement and the judge",
        "",
        f"`python -m benchmarks.rl --steps {steps}`: {settings.prompts_per_step} questions per step of "
        f"{settings.questions_drawn} drawn, {settings.completions_per_prompt} completions each, sandboxes of "
        f"{judge.launcher_name}, one thread of torch; {describe_machine()}.",
        "",
        "| | seconds per step | writing | waiting for the judge | learning | share waiting | rollouts per second |",
        "|---|---|---|---|---|---|---|",
        *(_line(name, figures) for name, figures in ways.items()),
        "",
        "Medians over the steps after the second. TRL draws no questions in excess, so its steps write half as much; "
        "what it spends outside its reward function is counted as writing and learning together.",
        "",
    ]
    write_report(report, lines)


def _line(name: str, steps: pl.DataFrame) -> str:
    middle = steps[2:].median().row(0, named=True)
    seconds = sum(middle[phase] for phase in PHASES)
    parts = [f"{middle[phase]:.2f}" for phase in PHASES]
    rate = middle["rollouts"] / seconds
    return f"| {name} | {seconds:.2f} | {' | '.join(parts)} | {middle['reward'] / seconds:.1%} | {rate:.0f} |"


def _at_the_end(ask: JudgePrograms) -> JudgePrograms:
    def judge_programs(programs: Iterable[ProgramOfQuestion]) -> Iterator[tuple[ProgramOfQuestion, Judgement]]:
        return ask(list(programs))

    return judge_programs


def _ours(base: Path, questions: Path, ask: JudgePrograms, settings: PolicySettings, output: Path) -> pl.DataFrame:
    """Seconds of the phases of every step, and how many rollouts it made."""
    from acecoder_dagster.learning.policy.training import train_policy

    rows: list[dict[str, float]] = []

    def progress(step: int, total: int, figures: dict[str, float]) -> None:
        rows.append({phase: figures[f"seconds_{phase}"] for phase in PHASES})

    output.mkdir()
    train_policy(
        str(base),
        questions,
        "rule",
        judge_programs=ask,
        extract_program=extract_program,
        reward_model=None,
        output=output,
        settings=settings,
        progress=progress,
    )
    rollouts = settings.questions_drawn * settings.completions_per_prompt
    return pl.DataFrame(rows).with_columns(rollouts=pl.lit(float(rollouts)))


def _trl(base: Path, questions: Path, ask: JudgePrograms, settings: PolicySettings, folder: Path) -> pl.DataFrame:
    """The same of TRL's own trainer, for steps of as many questions as are trained on."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    rows = pl.read_parquet(questions).filter(pl.col("split") == "train").select("question_id", "prompt")
    batch = settings.prompts_per_step * settings.completions_per_prompt
    seconds: list[float] = []

    def reward(completions: list[str], question_id: list[str], **_: object) -> list[float | None]:
        started = time.perf_counter()
        pairs = list(zip(question_id, map(extract_program, completions), strict=True))
        known = dict(ask(dict.fromkeys(pairs)))
        seconds.append(time.perf_counter() - started)
        rates = [known[pair].pass_rate for pair in pairs]
        return [None if rate is None else float(rate == 1.0) for rate in rates]

    arguments = GRPOConfig(
        output_dir=str(folder / "trl"),
        per_device_train_batch_size=batch,
        num_generations=settings.completions_per_prompt,
        max_completion_length=settings.max_completion_tokens,
        max_steps=settings.steps,
        learning_rate=settings.learning_rate,
        beta=0.0,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = GRPOTrainer(
        model=str(base),
        reward_funcs=[reward],
        args=arguments,
        train_dataset=Dataset.from_list(rows.to_dicts()),
    )
    trainer.train()
    whole = [entry["step_time"] for entry in trainer.state.log_history if "step_time" in entry]
    return pl.DataFrame(
        {
            "generate": [step - waited for step, waited in zip(whole, seconds, strict=True)],
            "reward": seconds,
            "train": [0.0] * len(whole),
            "rollouts": [float(batch)] * len(whole),
        }
    )
