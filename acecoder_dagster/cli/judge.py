"""`acecoder judge`: judge files of programs by the tests of their questions, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.options import ClusterOption, profile_names
from acecoder_dagster.cli.printing import errors, output, print_frame, print_line, progress_bar

if TYPE_CHECKING:
    from acecoder_dagster.judge import ClusterSettings, SandboxSettings
    from acecoder_dagster.judge.files import JudgedFiles


def judge(
    questions: Annotated[Path, typer.Argument(help="question_id and tests, or test_code, or io_tests.")],
    programs: Annotated[Path, typer.Argument(help="question_id, program_id, program.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File of verdicts, one row per program.")],
    launcher: Annotated[
        str | None, typer.Option(help="What starts the sandboxes: auto, service, docker or bubblewrap; else auto.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Programs at the same time; else one per core.")] = None,
    cpu_seconds: Annotated[float | None, typer.Option(min=0.01, help="Processor time of one test; else 1.")] = None,
    memory_mb: Annotated[int | None, typer.Option(min=64, help="Memory of one process; else 1024.")] = None,
    set_name: Annotated[
        str | None, typer.Option("--set", help="Packages that programs may import: base, bigcodebench or plain.")
    ] = None,
    cluster: ClusterOption = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Profile or .toml file with all limits, in [sandbox], and [cluster].", autocompletion=profile_names
        ),
    ] = None,
) -> None:
    """Judge programs by the tests of their questions. Files are Parquet, JSONL (also .gz) or JSON.

    Stopped at any moment, it goes on where it was when started again. Ends with 1 when a program could not be judged.
    """
    from acecoder_dagster.judge.files import judge_files

    options = {
        "launcher": launcher,
        "workers": workers,
        "cpu_seconds_per_test": cpu_seconds,
        "memory_mb": memory_mb,
        "set": set_name,
    }
    settings, machines = _judging_settings(profile, options, cluster)
    with progress_bar(errors, "judging") as report:
        judged = judge_files(questions, programs, out, settings, lambda done, total: report(done, total, ""), machines)
    _print_counts(judged)
    print_line(output, f"{judged.programs:,} verdicts in {out}")
    if judged.judge_errors:
        errors.print(
            f"[red]{judged.judge_errors:,} programs could not be judged[/red] (judge_error, see the column message): "
            "start again to try them again, and them alone",
            markup=True,
            soft_wrap=True,
        )
        raise typer.Exit(1)


def _judging_settings(
    profile: str | None, options: Mapping[str, object], cluster: str | None
) -> tuple[SandboxSettings, ClusterSettings]:
    """Return sandbox and cluster of a profile, or the usual ones, with what the options say."""
    from pydantic import ValidationError

    from acecoder_dagster.judge import ClusterSettings, SandboxSettings

    settings, machines = SandboxSettings(), ClusterSettings()
    if profile is not None:
        from acecoder_dagster.settings import read_settings

        chosen = read_settings(profile)
        settings, machines = chosen.sandbox, chosen.cluster
    if cluster is not None:
        machines = ClusterSettings(address=cluster)
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return SandboxSettings.model_validate(settings.model_dump() | given), machines
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise typer.BadParameter("; ".join(problems)) from error


def _print_counts(judged: JudgedFiles) -> None:
    import polars as pl

    from acecoder_dagster.judge import Outcome

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
    if judged.missing:
        missing = ", ".join(f"{name} ({programs})" for name, programs in judged.missing.most_common())
        print_line(output, f"programs missed these packages: {missing}; settings sandbox.set and sandbox.requirements")
