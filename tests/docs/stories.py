"""The commands that are typed for real, in stories: each goes on in the folder in which the one before it worked.

A story has the shown command, and what is typed in its place where that is too long, or needs what is not there.
Profiles of `examples/` are replaced by smaller ones of the same names.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.docs.shown import ROOT

COMMANDS = Path(sys.executable).parent
"""The folder with the commands of this environment."""

SMALL = """
[inputs]
probes = 16
calls = 16

[tests]
min_tests = 3

[base_policy]
corpus_programs = 3_000

[base_policy.scratch]
vocabulary_size = 1_024
hidden_size = 128
layers = 2
attention_heads = 2
feed_forward_size = 256

# Fast enough to learn the few questions by heart, so that there are right and wrong programs of them.
[base_policy.supervised]
learning_rate = 4e-3

[sampling]
programs_per_question = 8

[reward_backbone.scratch]
vocabulary_size = 512
hidden_size = 64
layers = 2
attention_heads = 2
feed_forward_size = 128

[policy_rule]
steps = 2
prompts_per_step = 2
validate_every = 2

[policy_reward_model]
steps = 2
prompts_per_step = 2
validate_every = 2

[evaluation]
best_of = [1, 2]
programs_per_question = 2
"""


@dataclass(frozen=True)
class Typed:
    """A shown command, what is typed in its place (itself where nothing is named), and the exit code it ends with."""

    shown: str
    instead: str | None = None
    code: int = 0


@dataclass(frozen=True)
class Story:
    """Commands in their order, and what makes the folder in which they are typed."""

    prepare: Callable[[Path], None]
    steps: tuple[Typed, ...]

    def tell(self, folder: Path) -> dict[str, subprocess.CompletedProcess[str]]:
        """Type every command and return what came of it, by the shown command."""
        self.prepare(folder)
        return {step.shown: type_in(folder, step.instead or step.shown) for step in self.steps}


def type_in(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Type a command into a shell in the folder, as somebody does who has activated the environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ACECODER_", "DAGSTER_"))}
    return subprocess.run(
        ["bash", "-c", f'acecoder() {{ python -m acecoder_dagster "$@"; }}\n{command}'],
        cwd=folder,
        env=environment | {"PATH": f"{COMMANDS}:{os.environ['PATH']}", "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=1200,
    )


def with_examples(folder: Path) -> None:
    """Put the examples into the folder, as a clone has them."""
    shutil.copytree(ROOT / "examples", folder / "examples")


def with_small_examples(folder: Path) -> None:
    """Put the examples into the folder; what their profiles ask for is little."""
    with_examples(folder)
    for name in ("standard_library", "real_data"):
        path = folder / "examples" / f"{name}.toml"
        path.write_text(f'extends = "{ROOT / "examples" / path.name}"\n{SMALL}', encoding="utf-8")


def with_question_files(folder: Path) -> None:
    """Put questions, programs of two models and generated tests beside the examples."""
    with_small_examples(folder)
    numbers = range(1, 49)  # so many that the split by hash holds some out
    questions = [
        {
            "question_id": f"add {n}",
            "question": f"Write a function add_{n}(v) that returns v plus {n}.",
            "entry_point": f"add_{n}",
            "reference_program": f"def add_{n}(v):\n    return v + {n}\n",
            "tests": [f"assert add_{n}({v}) == {v + n}" for v in (-3, -1, 2, 5, 8)],
            "licence": "MIT",
        }
        for n in numbers
    ]
    bodies = {
        "right": "    return v + {n}\n",
        "right too": "    return {n} + v\n",
        "for positive": "    return v + {n} if v > 4 else v\n",
        "for negative": "    return v + {n} if v < 0 else {n}\n",
    }
    programs = [
        {"question_id": f"add {n}", "model": model, "program": f"def add_{n}(v):\n" + body.format(n=n)}
        for n in numbers
        for model in ("one", "other")
        for body in bodies.values()
    ]
    tests = [
        {"question_id": f"add {n}", "model": "one", "tests": [f"assert add_{n}({v}) == {v + n}" for v in (0, 1, 9)]}
        for n in numbers
    ]
    pl.DataFrame(questions).write_parquet(folder / "problems.parquet")
    pl.DataFrame(programs).write_parquet(folder / "programs.parquet")
    pl.DataFrame(tests).write_parquet(folder / "generated_tests.parquet")


def with_files_of_pairs(folder: Path) -> None:
    """Put what the trainings by themselves read into the folder."""
    with_small_examples(folder)
    pairs = [
        {
            "question": f"add {n} to v",
            "chosen": f"def f(v):\n    return v + {n}\n",
            "rejected": f"def f(v):\n    return v - {n}\n",
        }
        for n in range(16)
    ]
    programs = [{"question": pair["question"], "program": pair["chosen"]} for pair in pairs[:4]]
    for name, rows in (("pairs", pairs), ("programs", programs)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def with_nothing_but_profiles(folder: Path) -> None:
    """An empty folder, but for small profiles and a file for the inbox."""
    with_small_examples(folder)
    shutil.copy(ROOT / "examples" / "judge" / "questions.jsonl", folder / "problems.jsonl")


CODE_PROFILE = "--profile examples/standard_library.toml"
DATA_PROFILE = "--profile examples/real_data.toml"

STORIES = {
    "judging": Story(
        with_examples,
        (
            Typed("acecoder judge examples/judge/questions.jsonl examples/judge/programs.jsonl -o verdicts.parquet"),
            Typed("acecoder sandbox build"),
            Typed("acecoder sandbox build --set bigcodebench", "acecoder sandbox build --set plain"),
        ),
    ),
    "questions from code": Story(
        with_nothing_but_profiles,
        (
            Typed(
                f"acecoder seeds --name mine --code path/to/package --licence MIT {CODE_PROFILE}",
                f"acecoder seeds --name mine --code packaging --code tabulate --code idna --licence MIT {CODE_PROFILE}",
            ),
            Typed("acecoder query rejected_by_reason"),
            Typed(f"acecoder run {CODE_PROFILE}"),
            Typed("acecoder plan", f"acecoder plan {CODE_PROFILE}"),
            Typed(
                'acecoder plan --profile paper --devices "8 x 80 GB"',
                f'acecoder plan {CODE_PROFILE} --devices "8 x 80 GB"',
            ),
            Typed("acecoder status", f"acecoder status {CODE_PROFILE}"),
            Typed("acecoder run warehouse", f"acecoder run warehouse {CODE_PROFILE}"),
            Typed("acecoder batches list", f"acecoder batches list {CODE_PROFILE}"),
            Typed("acecoder clean --dry-run"),
            Typed("acecoder query changes_since --set since=2026-11-28"),
            Typed("acecoder query pass_rate_over_time"),
            Typed("acecoder query what_moved_pass_rates"),
            Typed("acecoder query"),
            Typed("acecoder query pass_at_k"),
            Typed("acecoder query compare_models --set model=policy_rule --set baseline=base_policy"),
            Typed(
                "acecoder query compare_runs --set other=../seed1/.acecoder/acecoder.duckdb",
                "acecoder query compare_runs --set other=.acecoder/acecoder.duckdb",
            ),
            Typed('acecoder query "SELECT model, count(*) FROM pass_rates GROUP BY model"'),
            Typed('acecoder query "SELECT model, count(*) FROM pass_rates GROUP BY model" --format csv'),
            Typed('acecoder query "FROM outcomes" --out outcomes.parquet'),
            Typed('acecoder query "SELECT avg(sealed::INT) AS sealed FROM outcomes"'),
            Typed(
                "acecoder query \"SELECT batch, programs_executed, reused FROM runs WHERE stage = 'test_results'\"",
            ),
            Typed("acecoder query --describe"),
            Typed("acecoder query pass_rates_by_difficulty"),
            Typed("acecoder query reward_against_truth"),
            Typed("acecoder query most_rewarded_wrong_programs"),
            Typed("acecoder query questions_learned_and_lost"),
            Typed("acecoder query writer_cost"),
            Typed("acecoder query stages"),
            Typed("acecoder query pass_at_k --as-of 2026-11-28"),
            Typed("acecoder query test_quality"),
            Typed("acecoder query benchmark_best_of_n"),
            Typed("acecoder export dataset published --licence base_policy=MIT"),
            Typed("acecoder export dataset permissive --permissive-only"),
            Typed("acecoder export warehouse for_analysts.duckdb"),
            Typed(
                f"acecoder seeds --name stdlib --code stdlib --documented {CODE_PROFILE}",
                f"acecoder seeds --name stdlib --code textwrap --documented --only-collect {CODE_PROFILE}",
            ),
            Typed(
                "cp problems.jsonl .acecoder/inbox/", "mkdir -p .acecoder/inbox && cp problems.jsonl .acecoder/inbox/"
            ),
        ),
    ),
    "own questions": Story(
        with_question_files,
        (
            Typed(
                "acecoder import --name mine --questions problems.parquet --programs programs.parquet " + DATA_PROFILE,
                "acecoder import --name mine --questions problems.parquet --programs programs.parquet --only-check "
                + DATA_PROFILE,
            ),
            Typed(
                "acecoder import --name benchmarks --questions problems.parquet --programs programs.parquet "
                "--generated-tests generated_tests.parquet --tests both --split hash " + DATA_PROFILE
            ),
            Typed("acecoder run reward_model program_scores best_of_n " + DATA_PROFILE),
            Typed(
                "acecoder quality --questions problems.parquet --programs programs.parquet "
                "--generated-tests generated_tests.parquet --profile examples/quality.toml",
                "ACECODER_HOME=quality acecoder quality --questions problems.parquet --programs programs.parquet "
                "--generated-tests generated_tests.parquet --profile examples/quality.toml",
                code=2,
            ),
        ),
    ),
    "trainings by themselves": Story(
        with_files_of_pairs,
        (
            Typed(
                "acecoder train-rm pairs.jsonl -o reward_model --backbone Qwen/Qwen2.5-Coder-1.5B-Instruct "
                "--profile local",
                f"acecoder train-rm pairs.jsonl -o reward_model --backbone scratch {CODE_PROFILE}",
            ),
            Typed("acecoder score reward_model programs.jsonl -o scores.parquet"),
        ),
    ),
}
