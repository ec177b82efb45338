"""Reads finished programs and raw answers, in the files that the benchmarks' own tools write, and in ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.extraction import extract
from acecoder_dagster.evaluation.benchmarks.prompts import is_chat, plain_prompt
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.reading.task import Task
from acecoder_dagster.evaluation.benchmarks.tasks import SHOWN, Tasks
from acecoder_dagster.files import TEXT, TEXTS, Problems, read_records

Form = Literal["program", "solution", "completion", "answer"]
FORMS: tuple[Form, ...] = ("program", "solution", "completion", "answer")
"""Columns with what was written, the first that a row has counts.

program: complete, nothing is done to it.
solution: extracted, as evalplus's and bigcodebench's samples have it; BigCodeBench's task is put before it.
completion: what follows the task's prompt.
answer: what a model wrote; the protocol's extraction is applied.
"""


@dataclass(frozen=True)
class Written:
    """One row of a file of programs.

    Attributes:
        place: file and row, for messages.
        target: a benchmark, or the `programs` of a protocol; empty where the row does not say.
        task_id: the task.
        form: what the text is.
        text: what was written.
    """

    place: str
    target: str
    task_id: str
    form: Form
    text: str


@dataclass(frozen=True)
class Sample:
    """One program of a benchmark.

    Attributes:
        task_id: the task.
        index: 0 for the first program of a task.
        program: what is judged.
        solution: the program without what calibration puts before it.
    """

    task_id: str
    index: int
    program: str
    solution: str


def read_written(sources: Sequence[str]) -> list[Written]:
    """Read files of programs.

    Args:
        sources: `FILE`, or `BENCHMARK=FILE`: JSONL (also .gz), JSON or Parquet. Rows have task_id or question_id, and
            one of `FORMS` or LiveCodeBench's `code_list`; perhaps a column `benchmark`.

    Raises:
        BenchmarkError: a file cannot be read, or a row has no task or no program; the message names each.
    """
    problems = Problems()
    found: list[Written] = []
    for source in sources:
        target, equals, name = source.partition("=")
        path = Path(source if not equals or Path(source).exists() else name)
        for number, row in read_records(path, problems):
            what = _written(f"{path.name}, row {number}", row, target if str(path) != source else "")
            if isinstance(what, str):
                problems.add(path.name, what, row=number)
            else:
                found += what
    _raise(problems.found)
    if not found:
        raise BenchmarkError(f"{', '.join(sources)}: there are no programs")
    return found


def _written(place: str, row: Mapping[str, Any], target: str) -> list[Written] | str:
    task_id = row.get("task_id") or row.get("question_id")
    if not isinstance(task_id, str):
        return "a column task_id or question_id is needed, with a text"
    target = target or str(row.get("benchmark") or "")
    listed = row.get("code_list")
    if TEXTS.accepts(listed):
        return [Written(place, target, task_id, "program", each) for each in listed or ()]
    for form in FORMS:
        if TEXT.accepts(text := row.get(form)):
            return [Written(place, target, task_id, form, str(text))]
    return f"one of the columns {', '.join(FORMS)} or code_list is needed, with a text"


def samples_of(
    protocols: Sequence[Protocol], tasks: Mapping[str, Tasks], written: Iterable[Written], style: str
) -> dict[str, list[Sample]]:
    """Give every program to the benchmarks that it is for.

    A row that names a benchmark is for that one alone. Others are for all benchmarks with the same `programs`: those
    that the row names, else those whose data has its task.

    Args:
        protocols: the benchmarks.
        tasks: their tasks, by address.
        written: what was read.
        style: how answers are read.

    Returns:
        By address. Benchmarks without programs are left out.

    Raises:
        BenchmarkError: a program is for no benchmark, or it cannot be told for which; the message names each row.
    """
    problems: list[str] = []
    given: dict[str, list[Written]] = {}
    for each in written:
        try:
            given.setdefault(_receiver(protocols, tasks, each), []).append(each)
        except BenchmarkError as error:
            problems.append(str(error))
    _raise(problems)
    made = {}
    for protocol in protocols:
        rows = given.get(protocol.name) or given.get(protocol.programs)
        if rows:
            made[protocol.address] = finished_samples(protocol, tasks[protocol.address], rows, style)
    return made


def _receiver(protocols: Sequence[Protocol], tasks: Mapping[str, Tasks], row: Written) -> str:
    """Return the benchmark, or the `programs`, that a row is for."""
    known = [each for each in protocols if row.task_id in tasks[each.address].known]
    if row.target:
        named = [each for each in protocols if row.target in (each.name, each.programs, *each.aliases)]
        if not named:
            raise BenchmarkError(f"{row.place}: {row.target} is not scored; leave out its programs, or add it")
        if not any(each in known for each in named):
            raise BenchmarkError(f"{row.place}: {row.target} has no task {row.task_id}")
        return row.target if row.target == named[0].programs else named[0].name
    for_programs = dict.fromkeys(each.programs for each in known)
    if not for_programs:
        names = ", ".join(each.name for each in protocols)
        raise BenchmarkError(f"{row.place}: there is no task {row.task_id} in {names}")
    if len(for_programs) > 1:
        raise BenchmarkError(
            f"{row.place}: it may be for {' or '.join(for_programs)}: give the file as {next(iter(for_programs))}=FILE"
        )
    return next(iter(for_programs))


def answered_samples(protocol: Protocol, tasks: Tasks, answers: pl.DataFrame, style: str) -> list[Sample]:
    """Return the programs in what a model answered.

    Args:
        protocol: the benchmark.
        tasks: its tasks.
        answers: columns task_id and answer.
        style: what kind of model it is.

    Raises:
        BenchmarkError: the benchmark does not say how answers of this style are read.
    """
    rows = answers.select("task_id", "answer").iter_rows()
    written = [Written("", protocol.name, task_id, "answer", text) for task_id, text in rows]
    return finished_samples(protocol, tasks, written, style)


def finished_samples(protocol: Protocol, tasks: Tasks, rows: Sequence[Written], style: str) -> list[Sample]:
    """Return the programs of a benchmark, each as it was extracted and as it is judged.

    Args:
        protocol: the benchmark.
        tasks: its tasks.
        rows: what was written for it; tasks of the data that are not in this part of it are left out.
        style: how answers are read.

    Raises:
        BenchmarkError: the benchmark does not say how answers of this style are read.
    """
    if style not in protocol.styles:
        raise BenchmarkError(f"{protocol.address} has no style {style}; it has {', '.join(protocol.styles)}")
    counts: dict[str, int] = {}
    samples = []
    for row in rows:
        task = tasks.tasks.get(row.task_id)
        if task is not None:  # else it is in the data, but not in this part of it
            index = counts.get(row.task_id, 0)
            counts[row.task_id] = index + 1
            solution, program = _finished(protocol, task, row, style)
            samples.append(Sample(row.task_id, index, program, solution))
    return samples


def _finished(protocol: Protocol, task: Task, row: Written, style_name: str) -> tuple[str, str]:
    """Return the program as it was extracted, and as it is judged."""
    text, style = row.text, protocol.styles[style_name]
    if row.form == "program":
        return text, text
    if row.form == "completion":
        text = task.texts["prompt"] + text
    elif row.form == "answer":
        if style.continues_prompt and not is_chat(style):
            text = plain_prompt(style, task) + text
        text = extract(text, task.entry_point, style.extraction)
    return text, (task.calibration + text if protocol.scoring.calibrated else text)


def _raise(problems: Sequence[str]) -> None:
    if problems:
        lines = "\n".join(f"- {problem}" for problem in problems[:SHOWN])
        more = f"\n- and {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
        raise BenchmarkError(f"programs cannot be scored:\n{lines}{more}")
