"""Scores finished programs on a suite of benchmarks, as `acecoder eval --programs` does."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.evaluation.benchmarks.judging.verdicts import Verdicts, judge_programs
from acecoder_dagster.evaluation.benchmarks.official_files import write_official_files
from acecoder_dagster.evaluation.benchmarks.programs import Sample, read_written, samples_of
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.scores import Score, mean_row, score, score_rows
from acecoder_dagster.evaluation.benchmarks.tasks import Tasks, read_tasks
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.files import replace_file

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        scores: by benchmark, in the order of the suite.
        table: rows as `scores.score_rows` has them, and the mean of the benchmarks.
        without_programs: benchmarks of the suite that no program is for.
        files: what was written.
    """

    scores: Sequence[Score]
    table: pl.DataFrame
    without_programs: Sequence[Protocol]
    files: Sequence[Path]


def evaluate_programs(
    protocols: Sequence[Protocol],
    programs: Sequence[str],
    data: str,
    out: Path,
    *,
    name: str,
    style: str = "chat",
    sandbox: Mapping[str, object] | None = None,
    settings: EvaluationSettings | None = None,
    report: Report = lambda what, done, total: None,
) -> Evaluation:
    """Judge programs, and write scores and results.

    Stopped at any moment, it goes on from there when it is called again.

    Args:
        protocols: the benchmarks.
        programs: files, see `programs.read_written`.
        data: folder with the benchmarks' files, or `hub`.
        out: folder for all that is written. `scores.parquet` has the table, `results.parquet` a row for each program.
        name: what the programs' model is called.
        style: how raw answers are read: chat, base or r1.
        sandbox: settings of the sandbox that go before the protocols'.
        settings: how intervals are computed.
        report: told how far the work is.

    Raises:
        BenchmarkError: protocols, data or programs are wrong, or could not be judged; the message says what to do.
        SandboxUnavailableError: sandboxes cannot be started here.
    """
    settings = settings or EvaluationSettings()
    written = read_written(programs)
    tasks = _read_all(protocols, data)
    samples = samples_of(protocols, tasks, written, style)
    out.mkdir(parents=True, exist_ok=True)
    scored = [each for each in protocols if samples.get(each.address)]
    scores: dict[str, Score] = {}
    for together in _sharing_tests(scored):
        verdicts = _judge(together, tasks, samples, out / "judging", sandbox or {}, report)
        for each in together:
            scores[each.address] = score(each, tasks[each.address], samples[each.address], verdicts)
    ordered = [scores[each.address] for each in scored]
    table = _table(ordered, settings)
    files = [out / "scores.parquet", out / "results.parquet"]
    replace_file(files[0], table.write_parquet)
    replace_file(files[1], _results(ordered).write_parquet)
    now = datetime.datetime.now()
    for scored_one in ordered:
        files += write_official_files(scored_one, name, out, now)
    without = [each for each in protocols if each not in scored]
    return Evaluation(ordered, table, without, files)


def _read_all(protocols: Sequence[Protocol], data: str) -> dict[str, Tasks]:
    """Read the tasks of each benchmark; those with the same tasks share them."""
    read: dict[str, Tasks] = {}
    tasks = {}
    for each in protocols:
        same = json.dumps([each.data.model_dump(mode="json"), each.window.model_dump(mode="json")])
        if same not in read:
            read[same] = read_tasks(each, data)
        tasks[each.address] = read[same]
    return tasks


def _sharing_tests(protocols: Sequence[Protocol]) -> list[list[Protocol]]:
    """Return benchmarks in groups that are judged together: same files, same limits."""
    groups: dict[str, list[Protocol]] = {}
    for each in protocols:
        data = each.data.model_dump(mode="json", include={"format", "files", "variant"})
        scoring = each.scoring.model_dump(mode="json", exclude={"tests", "pass_at", "calibrated"})
        groups.setdefault(json.dumps([data, scoring]), []).append(each)
    return list(groups.values())


def _judge(
    together: Sequence[Protocol],
    tasks: Mapping[str, Tasks],
    samples: Mapping[str, list[Sample]],
    folder: Path,
    sandbox: Mapping[str, object],
    report: Report,
) -> Verdicts:
    kinds = dict.fromkeys(kind for each in together for kind in each.scoring.tests)
    first = together[0]
    asked = first.model_copy(update={"scoring": first.scoring.model_copy(update={"tests": tuple(kinds)})})
    every = {name: task for each in together for name, task in tasks[each.address].tasks.items()}
    programs = ((one.task_id, one.program) for each in together for one in samples[each.address])
    title = " ".join(each.name for each in together)
    place = folder / f"{first.data.format}-{first.data.variant}".removesuffix("-")
    return judge_programs(
        asked,
        list(every.values()),
        programs,
        place,
        sandbox,
        lambda what, done, total: report(f"{title}: {what}", done, total),
    )


def _table(scores: Sequence[Score], settings: EvaluationSettings) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [row for each in scores for row in score_rows(each, settings)]
    mean = mean_row(scores, settings)
    names = list(dict.fromkeys(name for row in rows for name in row))
    at_k = [name for name in names if name.startswith("pass@") and name[5:].isdigit() and name != "pass@1"]
    names = [name for name in names if name not in at_k]
    place = names.index("high") + 1
    frame = pl.DataFrame([*rows, *([mean] if mean else [])], infer_schema_length=None)
    return frame.select(*names[:place], *at_k, *names[place:])


def _results(scores: Sequence[Score]) -> pl.DataFrame:
    """Return a row for each program: what was judged, by which tests, and what came of it."""
    rows = []
    for each in scores:
        for judged in each.samples:
            found = judged.found
            first = next((one for one in found.values() if not one.passed), None)
            rows.append(
                {
                    "protocol": each.protocol.protocol,
                    "benchmark": each.protocol.name,
                    "task_id": judged.sample.task_id,
                    "sample_index": judged.sample.index,
                    "program": judged.sample.program,
                    "passed": judged.passed,
                    "base_passed": found["base"].passed if "base" in found else None,
                    "verdict": str(first.verdict) if first else "passed",
                    "message": first.message if first else "",
                    "reference_passed": each.references.get(judged.sample.task_id),
                    "difficulty": each.tasks.tasks[judged.sample.task_id].difficulty or None,
                    "data_revision": each.tasks.revision,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)
