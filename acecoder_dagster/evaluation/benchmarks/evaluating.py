"""Scores finished programs, or a model, on a suite of benchmarks, as `acecoder eval` does."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.evaluation.benchmarks.answering.asked import REFUSED, TOO_LONG, Model, asked_together
from acecoder_dagster.evaluation.benchmarks.best_of_n import RewardModels, best_of_rows, reward_scores
from acecoder_dagster.evaluation.benchmarks.judging.verdicts import Verdicts, judge_programs
from acecoder_dagster.evaluation.benchmarks.official_files import write_official_files
from acecoder_dagster.evaluation.benchmarks.programs import (
    Sample,
    answered_samples,
    read_written,
    samples_of,
)
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.scores import Score, mean_row, score, score_rows
from acecoder_dagster.evaluation.benchmarks.tasks import Tasks, read_tasks
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.files import replace_file
from acecoder_dagster.judge import ClusterSettings

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """What came of it.

    Attributes:
        scores: by benchmark, in the order of the suite.
        table: rows as `scores.score_rows` has them, and the mean of the benchmarks.
        without_programs: benchmarks of the suite that no program is for.
        unanswered: by name of what a model was asked, tasks that it could not answer: the prompt left no room, or its
            endpoint did not take it. Their programs are empty, and count.
        best_of_n: rows as `best_of_n.best_of_rows` has them; None where no reward model chooses.
        files: what was written.
    """

    scores: Sequence[Score]
    table: pl.DataFrame
    without_programs: Sequence[Protocol]
    unanswered: Mapping[str, Sequence[str]]
    best_of_n: pl.DataFrame | None
    files: Sequence[Path]


def evaluate_programs(
    protocols: Sequence[Protocol],
    programs: Sequence[str],
    data: str,
    out: Path,
    *,
    name: str,
    style: str = "chat",
    reward_models: RewardModels | None = None,
    sandbox: Mapping[str, object] | None = None,
    cluster: ClusterSettings | None = None,
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
        reward_models: what chooses among the programs of a task, for `best_of_n.parquet`.
        sandbox: settings of the sandbox that go before the protocols'.
        cluster: the machines that judge; this one when left out.
        settings: how intervals are computed.
        report: told how far the work is.

    Raises:
        BenchmarkError: protocols, data or programs are wrong, or could not be judged; the message says what to do.
        SandboxUnavailableError: sandboxes cannot be started here.
    """
    written = read_written(programs)
    tasks = _read_all(protocols, data)
    samples = samples_of(protocols, tasks, written, style)
    judged = judge_samples(protocols, tasks, samples, out / "judging", sandbox or {}, report, cluster)
    return _evaluated(protocols, judged, out, name, style, reward_models, settings, report)


def evaluate_model(
    protocols: Sequence[Protocol],
    model: Model,
    data: str,
    out: Path,
    *,
    name: str,
    style: str = "chat",
    n: int | None = None,
    reward_models: RewardModels | None = None,
    sandbox: Mapping[str, object] | None = None,
    cluster: ClusterSettings | None = None,
    settings: EvaluationSettings | None = None,
    report: Report = lambda what, done, total: None,
) -> Evaluation:
    """Let a model answer the tasks of benchmarks, judge what it wrote, and write answers, scores and results.

    Every answer is kept as soon as it is there, in `answers/`. Stopped at any moment, it goes on from there when it is
    called again; nothing is asked twice.

    Args:
        protocols: the benchmarks.
        model: what answers.
        data: as `evaluate_programs` takes it, as all that is not named here.
        out: as there; `answers.parquet` has the columns of `answering.asked.ANSWERS`, and before them `programs`: what
            was written for.
        name: what the model is called.
        style: what kind of model it is: chat, base or r1.
        n: answers of each task, drawn as the protocols draw for best-of-N. None: those of the score itself, mostly
            one greedy answer.
        reward_models: as there.
        sandbox: as there.
        cluster: as there.
        settings: as there.
        report: told how far the work is.

    Raises:
        BenchmarkError: protocols or data are wrong, the model cannot run, or something could not be judged.
        PromptError: the model has no chat template, or cannot be read.
        EndpointError: an endpoint cannot be used, or left something unanswered.
        SandboxUnavailableError: sandboxes cannot be started here.
    """
    tasks = _read_all(protocols, data)
    groups = asked_together(protocols, tasks, style, n)
    (out / "answers").mkdir(parents=True, exist_ok=True)
    samples: dict[str, list[Sample]] = {}
    answers: list[pl.DataFrame] = []
    unanswered: dict[str, Sequence[str]] = {}
    for asked in groups:
        title = f"{' '.join(each.name for each in asked.protocols)}: answers"
        told = model.answers(asked, out / "answers", partial(report, title))
        for each in asked.protocols:
            samples[each.address] = answered_samples(each, tasks[each.address], told, style)
        answers.append(told.select(pl.lit(asked.name).alias("programs"), pl.all()))
        is_empty = pl.col("finish_reason").is_in([TOO_LONG, REFUSED])
        if failed := told.filter(is_empty)["task_id"].unique(maintain_order=True).to_list():
            unanswered[asked.name] = failed
    file = out / "answers.parquet"
    replace_file(file, pl.concat(answers).write_parquet)
    judged = judge_samples(protocols, tasks, samples, out / "judging", sandbox or {}, report, cluster)
    found = _evaluated(protocols, judged, out, name, style, reward_models, settings, report)
    return replace(found, unanswered=unanswered, files=[file, *found.files])


def judge_samples(
    protocols: Sequence[Protocol],
    tasks: Mapping[str, Tasks],
    samples: Mapping[str, list[Sample]],
    folder: Path,
    sandbox: Mapping[str, object],
    report: Report,
    cluster: ClusterSettings | None = None,
) -> list[Score]:
    """Judge the programs of all benchmarks that have some, and the references of their tasks.

    Args:
        protocols: the benchmarks.
        tasks: their tasks, by address.
        samples: their programs, by address.
        folder: where every verdict is kept as soon as it is known. Only one process at a time can judge there.
        sandbox: settings of the sandbox that go before the protocols'.
        report: told how far the work is.
        cluster: the machines that judge; this one when left out.

    Raises:
        BenchmarkError: some could not be judged; the message says what to do.
        SandboxUnavailableError: sandboxes cannot be started here.
    """
    scored = [each for each in protocols if samples.get(each.address)]
    scores: dict[str, Score] = {}
    for together in _sharing_tests(scored):
        verdicts = _judge(together, tasks, samples, folder, sandbox, report, cluster)
        for each in together:
            scores[each.address] = score(each, tasks[each.address], samples[each.address], verdicts)
    return [scores[each.address] for each in scored]


def _evaluated(
    protocols: Sequence[Protocol],
    scores: Sequence[Score],
    out: Path,
    name: str,
    style: str,
    reward_models: RewardModels | None,
    settings: EvaluationSettings | None,
    report: Report,
) -> Evaluation:
    """Write scores and results, and let reward models choose."""
    out.mkdir(parents=True, exist_ok=True)
    settings = settings or EvaluationSettings()
    table = _table(scores, settings)
    files = [out / "scores.parquet", out / "results.parquet"]
    replace_file(files[0], table.write_parquet)
    replace_file(files[1], result_rows(scores).write_parquet)
    now = datetime.datetime.now()
    for each in scores:
        files += write_official_files(each, name, out, now)
    best = None
    if reward_models is not None:
        best = _best_of_n(scores, style, reward_models, out / "rewards", settings, report)
        files.append(out / "best_of_n.parquet")
        replace_file(files[-1], best.write_parquet)
    scored = [each.protocol for each in scores]
    without = [each for each in protocols if each not in scored]
    return Evaluation(scores, table, without, {}, best, files)


def _best_of_n(
    scores: Sequence[Score],
    style: str,
    reward_models: RewardModels,
    folder: Path,
    settings: EvaluationSettings,
    report: Report,
) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for each in scores:
        rewards = {
            address: reward_scores(
                address,
                each,
                style,
                reward_models,
                folder,
                partial(report, f"{each.protocol.name}: {address}"),
            )
            for address in reward_models.addresses
        }
        programs = pl.DataFrame(
            {
                "question_id": [one.sample.task_id for one in each.samples],
                "program_id": [one.sample.index for one in each.samples],
                "solved": [one.passed for one in each.samples],
                **{name: pl.Series(values, dtype=pl.Float64) for name, values in rewards.items()},
            }
        )
        about = {"benchmark": each.protocol.title, "protocol": each.protocol.protocol}
        rows += [about | row for row in best_of_rows(programs, reward_models.addresses, settings)]
    return pl.DataFrame(rows, infer_schema_length=None)


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
    cluster: ClusterSettings | None,
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
        cluster,
    )


def _table(scores: Sequence[Score], settings: EvaluationSettings) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [row for each in scores for row in score_rows(each.tally, settings).values()]
    mean = mean_row([each.tally for each in scores], settings)
    names = list(dict.fromkeys(name for row in rows for name in row))
    at_k = [name for name in names if name.startswith("pass@") and name[5:].isdigit() and name != "pass@1"]
    names = [name for name in names if name not in at_k]
    place = names.index("high") + 1
    frame = pl.DataFrame([*rows, *([mean] if mean else [])], infer_schema_length=None)
    with_answers = [name for name in at_k if frame[name].count()]
    return frame.select(*names[:place], *sorted(with_answers, key=lambda name: int(name[5:])), *names[place:])


def result_rows(scores: Sequence[Score]) -> pl.DataFrame:
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
