"""A reward model of one benchmark, tested on another: `python -m benchmarks.cross_benchmark --data FOLDER`.

It is trained from scratch on the judged programs of one and chooses, by best-of-N, among those of the other. Every
direction has a project folder of its own. `acecoder query best_of_n` shows the figures; the report on them,
benchmarks/cross_benchmark/results.md, is written by hand.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

PROFILE = Path(__file__).parents[2] / "examples" / "real_data.toml"


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems.parquet (column source) and programs.parquet.")],
    train: Annotated[str, typer.Option(help="Source whose questions are learned from.")] = "humaneval",
    test: Annotated[str, typer.Option(help="Source whose questions are answered.")] = "mbpp",
    home: Annotated[Path | None, typer.Option(help="Project folder; else .acecoder-TRAIN-to-TEST.")] = None,
) -> None:
    """Import both benchmarks, train on one, test on the other."""
    project = (home or Path(f".acecoder-{train}-to-{test}")).resolve()
    for source, split in ((train, "train"), (test, "test")):
        questions, programs = _write_files(data, project / "data", source)
        files = ["--questions", str(questions), "--programs", str(programs)]
        _acecoder(project, "import", "--name", source, *files, "--split", split)
    _acecoder(project, "run", "reward_model", "program_scores", "best_of_n")


def _write_files(data: Path, folder: Path, source: str) -> tuple[Path, Path]:
    """Write the questions of a source and their programs; return the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    questions, programs = folder / f"{source}_questions.parquet", folder / f"{source}_programs.parquet"
    problems = pl.read_parquet(data / "problems.parquet").filter(pl.col("source") == source)
    problems.write_parquet(questions)
    pl.read_parquet(data / "programs.parquet").join(problems, on="question_id", how="semi").write_parquet(programs)
    return questions, programs


def _acecoder(project: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "acecoder_dagster", *arguments, "--profile", str(PROFILE)]
    subprocess.run(command, env={**os.environ, "ACECODER_HOME": str(project)}, check=True)
