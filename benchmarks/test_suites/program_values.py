"""What recorded programs, reference programs and their mutants return on many inputs, measured once and kept.

Inputs are the calls in tests that models wrote, variations of them, and calls that reach further branches of the
reference. Where nobody wrote tests (MBPP) all come from the example that the question shows, its first official test.
HumanEval can be made like that too: without its written tests, and with the programs of the same models.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from polars.datatypes import DataType, DataTypeClass
from rich.progress import track

from acecoder_dagster.data.tables import OFFICIAL
from acecoder_dagster.judge import Judge, Observation, SandboxSettings
from acecoder_dagster.judge.guest.arrays import Opaque
from acecoder_dagster.questions.test_suites.call_tests import split_test, value_key
from acecoder_dagster.questions.test_suites.choosing import mutants
from acecoder_dagster.questions.test_suites.executed import observing_sandbox
from acecoder_dagster.questions.test_suites.inputs import (
    Arguments,
    InputSettings,
    Observe,
    Subject,
    branching_inputs,
    varied,
)

WRITTEN_CALLS = 50
CALLS_EACH = 75
"""Written ones and variations together; those that reach further branches come on top."""

INPUTS = InputSettings(max_argument_characters=1_000)

MUTANTS = 24
POOL_PROGRAMS = 50
"""Programs per question from the pools; of a model that answered each question many times, all are taken."""

SANDBOX = SandboxSettings(cpu_seconds_per_test=0.25, max_timeouts=3)

CALLS: dict[str, DataType | DataTypeClass] = {
    "question_id": pl.String,
    "position": pl.Int64,
    "call": pl.String,
    "writers": pl.List(pl.String),
    "expected": pl.List(pl.String),
    "times_written": pl.List(pl.Int64),
}
"""One row per call; the three lists have an entry per writer and expected value (as a key), empty for variations."""

VALUES: dict[str, DataType | DataTypeClass] = {
    "question_id": pl.String,
    "program_id": pl.String,
    "kind": pl.String,
    "program": pl.String,
    "values": pl.List(pl.String),
}
"""One row per program; `values` has a key per call, null where there was no plain value."""


def calls_of(question: dict[str, Any], written: pl.DataFrame, observe: Observe) -> list[dict[str, Any]]:
    """Return the calls of one question (rows of CALLS): the most often written ones, and those made from them.

    Args:
        question: a row of problems.parquet.
        written: its rows of generated_tests.parquet.
        observe: runs calls on its reference.
    """
    counts: dict[str, Counter[tuple[str, str]]] = {}
    arguments: dict[str, tuple[object, ...] | None] = {}
    for model, tests, times in written.select("model", "tests", "counts").iter_rows():
        for test, count in zip(tests, times, strict=True):
            split = split_test(test.strip(), question["entry_point"])
            if split is not None:
                counts.setdefault(split.call, Counter())[model, _short_key(split.expected)] += count
                arguments[split.call] = split.arguments
    if not counts and question["tests"]:
        shown = split_test(question["tests"][0].strip(), question["entry_point"])
        if shown is not None:
            counts[shown.call] = Counter({(OFFICIAL, _short_key(shown.expected)): 1})
            arguments[shown.call] = shown.arguments
    # First what several models thought of, then what one of them wrote most often.
    ranked = sorted(counts, key=lambda call: (-len({writer for writer, _ in counts[call]}), -counts[call].total()))
    chosen = ranked[:WRITTEN_CALLS]
    seen = [Arguments(found) for call in chosen if (found := arguments[call]) is not None]
    subject = Subject(
        question["question_id"],
        question["entry_point"],
        question["reference_program"],
        question["setup_code"],
        tuple(each.text for each in seen),
    )
    (reaching,) = branching_inputs([subject], observe, INPUTS, 0)
    further = varied(seen, CALLS_EACH - len(chosen), Random(0), INPUTS.max_argument_characters)
    variations = [f"{question['entry_point']}({each.text})" for each in [*further, *reaching]]
    rows = []
    for position, call in enumerate([*chosen, *(call for call in dict.fromkeys(variations) if call not in counts)]):
        claims = sorted(counts.get(call, Counter()).items())
        rows.append(
            {
                "question_id": question["question_id"],
                "position": position,
                "call": call,
                "writers": [writer for (writer, _), _ in claims],
                "expected": [key for (_, key), _ in claims],
                "times_written": [count for _, count in claims],
            }
        )
    return rows


def measure(data: Path, folder: Path, source: str, *, like_mbpp: bool = False) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return calls (CALLS) and values (VALUES) of all questions that have programs; computed where not in the folder.

    Args:
        data: folder with problems, programs and generated_tests.
        folder: where the results are kept, in two files.
        source: the data set, as `source` in problems.parquet.
        like_mbpp: without the tests that models wrote, and with the models that answered MBPP.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{source} like mbpp" if like_mbpp else source
    calls_file, values_file = folder / f"{name}.calls.parquet", folder / f"{name}.values.parquet"
    if not values_file.is_file():
        problems = pl.read_parquet(data / "problems.parquet").filter(pl.col("source") == source)
        programs = pl.read_parquet(data / "programs.parquet")
        written = pl.read_parquet(data / "generated_tests.parquet")
        if like_mbpp:
            written, programs = written.clear(), programs.filter(pl.col("model").is_in(_models_of_mbpp(programs)))
        programs = programs.unique(["question_id", "program"], keep="first", maintain_order=True)
        lot = (
            pl.col("program_id")
            .hash(seed=0)
            .rank("ordinal")
            .over("question_id", pl.col("model").str.starts_with("pool"))
        )
        programs = programs.filter(~pl.col("model").str.starts_with("pool") | (lot <= POOL_PROGRAMS))
        problems = problems.join(programs, on="question_id", how="semi")
        calls: list[dict[str, Any]] = []
        values: list[dict[str, Any]] = []
        with (
            Judge(SANDBOX) as judge,
            Judge(observing_sandbox(SANDBOX, INPUTS)) as observer,
            ThreadPoolExecutor(2 * judge.settings.workers) as threads,
        ):
            for question in track(list(problems.iter_rows(named=True)), name):
                of_question = calls_of(
                    question, written.filter(pl.col("question_id") == question["question_id"]), observer.observe
                )
                calls += of_question
                texts = [row["call"] for row in of_question]
                jobs = list(_jobs(question, programs.filter(pl.col("question_id") == question["question_id"])))

                is_written = [bool(row["writers"]) for row in of_question]

                def observe(
                    job: dict[str, Any],
                    setup: str = question["setup_code"],
                    texts: list[str] = texts,
                    is_written: list[bool] = is_written,
                ) -> dict[str, Any]:
                    seen = judge.observe(job["program"], setup, texts)
                    return job | {"values": [_key(each, known) for each, known in zip(seen, is_written, strict=True)]}

                values += threads.map(observe, jobs)
        pl.DataFrame(calls, schema=CALLS).write_parquet(calls_file)
        pl.DataFrame(values, schema=VALUES).write_parquet(values_file)
    return pl.read_parquet(calls_file), pl.read_parquet(values_file)


def _models_of_mbpp(programs: pl.DataFrame) -> list[str]:
    return programs.filter(pl.col("question_id").str.starts_with("MBPP/"))["model"].unique().to_list()


def _jobs(question: dict[str, Any], programs: pl.DataFrame) -> Iterator[dict[str, Any]]:
    def job(program_id: str, kind: str, program: str) -> dict[str, Any]:
        return {
            "question_id": question["question_id"],
            "program_id": program_id,
            "kind": kind,
            "program": program,
        }

    yield job("reference", "reference", question["reference_program"])
    for number, mutant in enumerate(mutants(question["reference_program"], MUTANTS)):
        yield job(f"mutant {number}", "mutant", mutant)
    for program_id, program in programs.select("program_id", "program").iter_rows():
        yield job(program_id, "program", program)


def _key(seen: Observation, is_written: bool) -> str | None:
    if seen.error or isinstance(seen.value, Opaque):
        return None
    # Tests from execution leave room for rounding (`synthesis.writing.expectation`), written ones do not.
    is_rounded = isinstance(seen.value, float) and not is_written
    return _short_key(float(f"{seen.value:.9g}") if is_rounded else seen.value)


def _short_key(value: object) -> str:
    # Long values are compared by their hash: the files would grow to gigabytes.
    key = value_key(value)
    return key if len(key) <= 40 else hashlib.sha256(key.encode()).hexdigest()[:24]
