"""What `acecoder judge` does in a terminal: judge files with a progress bar, then say what came of it."""

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from acecoder_dagster.cli.printing import print_frame
from acecoder_dagster.judge import Outcome, SandboxSettings
from acecoder_dagster.judge.files import JudgedFiles, judge_files


def run_judge(
    output: Console, errors: Console, questions: Path, programs: Path, out: Path, settings: SandboxSettings
) -> int:
    """Judge files and print counts; return the exit code: 0 only if every program has a verdict.

    Raises:
        JudgeFileError, SandboxUnavailableError: see `judge_files`.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=errors) as progress:
        task = progress.add_task("reading", total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, description="judging", completed=done, total=total)

        judged = judge_files(questions, programs, out, settings, advance)
    _print_counts(output, judged)
    output.print(f"{judged.programs:,} verdicts in {out}")
    if judged.judge_errors:
        errors.print(
            f"[red]{judged.judge_errors:,} programs could not be judged[/red] (judge_error, see the column message): "
            "start again to try them again, and them alone",
            markup=True,
            soft_wrap=True,
        )
    return 1 if judged.judge_errors else 0


def _print_counts(output: Console, judged: JudgedFiles) -> None:
    kinds = [kind for kind in Outcome if judged.verdicts[kind] or judged.outcomes[kind]]
    rows = [{"outcome": kind, "programs": judged.verdicts[kind], "tests": judged.outcomes[kind]} for kind in kinds]
    print_frame(output, pl.DataFrame(rows), title="outcomes")
    summary = {
        "programs": judged.programs,
        "passed": judged.passed,
        "judged now": judged.judged,
        "sealed share": judged.sealed_share,
        "programs/s": judged.programs_per_second,
        "workers": judged.workers,
        "launcher": judged.launcher,
    }
    print_frame(output, pl.DataFrame([summary]))
