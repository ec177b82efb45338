"""A reward model of one benchmark, tested on another: `python -m benchmarks.cross_benchmark --data FOLDER`.

It is trained on the judged programs of one, from scratch or (`--profile examples/pretrained.toml`) from pretrained
weights, and chooses, by best-of-N, among those of the other. Every direction has a project folder of its own.
`acecoder query best_of_n` shows the figures; the report on them, benchmarks/cross_benchmark/results.md, is written by
hand.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

EXAMPLES = Path(__file__).parents[2] / "examples"


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems.parquet (column source) and programs.parquet.")],
    train: Annotated[str, typer.Option(help="Source whose questions are learned from.")] = "humaneval",
    test: Annotated[str, typer.Option(help="Source whose questions are answered.")] = "mbpp",
    profile: Annotated[Path, typer.Option(help="Profile of the reward model.")] = EXAMPLES / "real_data.toml",
    programs: Annotated[int | None, typer.Option(help="Programs to draw of each question; all when left out.")] = None,
    home: Annotated[Path | None, typer.Option(help="Project folder; else .acecoder-TRAIN-to-TEST.")] = None,
) -> None:
    """Import both benchmarks, train on one, test on the other."""
    project = (home or Path(f".acecoder-{train}-to-{test}")).resolve()
    for source, split in ((train, "train"), (test, "test")):
        questions, answers = _write_files(data, project / "data", source, programs)
        files = ["--questions", str(questions), "--programs", str(answers)]
        _acecoder(project, profile, "import", "--name", source, *files, "--split", split)
    _acecoder(project, profile, "run", "reward_model", "program_scores", "best_of_n")


def _write_files(data: Path, folder: Path, source: str, programs: int | None) -> tuple[Path, Path]:
    """Write the questions of a source and their programs, at most so many of each; return the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    questions, answers = folder / f"{source}_questions.parquet", folder / f"{source}_programs.parquet"
    problems = pl.read_parquet(data / "problems.parquet").filter(pl.col("source") == source)
    problems.write_parquet(questions)
    written = pl.read_parquet(data / "programs.parquet").join(problems, on="question_id", how="semi")
    if programs is not None:
        written = written.sample(fraction=1, shuffle=True, seed=0).group_by("question_id").head(programs)
    written.write_parquet(answers)
    return questions, answers


def _acecoder(project: Path, profile: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "acecoder_dagster", *arguments, "--profile", str(profile)]
    subprocess.run(command, env={**os.environ, "ACECODER_HOME": str(project)}, check=True)
