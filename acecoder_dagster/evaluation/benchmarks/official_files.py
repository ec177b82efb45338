"""Writes results as the benchmarks' own tools do, so that their readers and leaderboards take them.

EvalPlus: `NAME.jsonl` and `NAME_eval_results.json` (evalplus/evaluate.py, 0.3.1). BigCodeBench: samples,
`_eval_results.json` and `_pass_at_k.json` (bigcodebench/evaluate.py, 0.2.5). LiveCodeBench: the file of
`lcb_runner.runner.custom_evaluator`.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from acecoder_dagster.evaluation.benchmarks.judging.verdicts import Found
from acecoder_dagster.evaluation.benchmarks.scores import JudgedSample, Score
from acecoder_dagster.evaluation.statistics import pass_at_k
from acecoder_dagster.files import replace_text
from acecoder_dagster.judge import Outcome

_TIMEOUTS = {Outcome.CPU_TIMEOUT, Outcome.WALL_TIMEOUT}
_SPLITS = ("complete", "instruct")


def write_official_files(score: Score, name: str, folder: Path, now: datetime.datetime) -> list[Path]:
    """Write the results of a benchmark.

    Args:
        score: the results.
        name: what the model is called in names of files.
        folder: where they are written; it is there.
        now: the time that they tell.

    Returns:
        The files.
    """
    write = {"evalplus": _write_evalplus, "bigcodebench": _write_bigcodebench, "livecodebench": _write_livecodebench}
    return write[score.protocol.data.format](score, name.replace("/", "--"), folder, f"{now:%Y-%m-%d %H:%M}")


def _write_evalplus(score: Score, name: str, folder: Path, date: str) -> list[Path]:
    stem = f"{name}--{score.protocol.name}"
    has_plus = "plus" in score.protocol.scoring.tests
    results = {
        "date": date,
        "hash": score.tasks.md5,
        "eval": {
            task_id: [_evalplus_result(score, each, has_plus) for each in samples]
            for task_id, samples in _by_task(score).items()
        },
        "pass_at_k": {"base": _pass_at(score, "base")} | ({"plus": _pass_at(score, None)} if has_plus else {}),
    }
    samples = ({"task_id": each.sample.task_id, "solution": each.sample.program} for each in score.samples)
    return [
        _lines(folder / f"{stem}.jsonl", samples),
        _json(folder / f"{stem}_eval_results.json", results, indent=None),
    ]


def _evalplus_result(score: Score, judged: JudgedSample, has_plus: bool) -> dict[str, Any]:
    task = score.tasks.tasks[judged.sample.task_id]
    result: dict[str, Any] = {"task_id": task.task_id, "solution": judged.sample.program}
    for kind in ("base", "plus"):
        found = judged.found[kind] if kind == "base" or has_plus else None
        result[f"{kind}_status"] = None if found is None else _status(found)
        failed = None if found is None else found.first_failed
        result[f"{kind}_fail_tests"] = [] if failed is None else [task.record[f"{kind}_input"][failed]]
    return result


def _write_bigcodebench(score: Score, name: str, folder: Path, date: str) -> list[Path]:
    split = next(each for each in _SPLITS if each in score.protocol.name)
    subset = "hard" if score.protocol.name.endswith("-hard") else "full"
    programs, passed = score.tally.counts()
    extra = "-hard" if subset == "hard" else ""
    stem = f"{name}--main--bigcodebench{extra}-{split}--programs-unknown-{min(programs)}-sanitized_calibrated"
    results = {
        "date": date,
        "eval": {
            task_id: [
                {
                    "task_id": task_id,
                    "solution": each.sample.program,
                    "status": _status(each.found["all"]),
                    "details": {} if each.passed else {"ALL": each.found["all"].message},
                }
                for each in samples
            ]
            for task_id, samples in _by_task(score).items()
        },
    }
    failing = score.failing_references
    figures = _figures(programs, passed, score.protocol.scoring.pass_at) | {
        "model": f"{name}--main",
        "split": split,
        "subset": subset,
        "calibrated": score.protocol.scoring.calibrated,
        "gt_pass_rate": 1 - len(failing) / max(1, len(score.references)),
        "failed_tasks": failing,
    }
    samples = ({"task_id": each.sample.task_id, "solution": each.sample.solution} for each in score.samples)
    return [
        _lines(folder / f"{stem}.jsonl", samples),
        _json(folder / f"{stem}_eval_results.json", results, indent=2),
        _json(folder / f"{stem}_pass_at_k.json", figures, indent=2),
    ]


def _write_livecodebench(score: Score, name: str, folder: Path, date: str) -> list[Path]:
    listed = [
        {
            "question_id": task_id,
            "code_list": [each.sample.program for each in samples],
            "graded_list": [each.passed for each in samples],
        }
        for task_id, samples in _by_task(score).items()
    ]
    return [_json(folder / f"{name}--{score.protocol.name}.code_list.json", listed, indent=1)]


def _by_task(score: Score) -> dict[str, list[JudgedSample]]:
    found: dict[str, list[JudgedSample]] = {}
    for each in score.samples:
        found.setdefault(each.sample.task_id, []).append(each)
    return {task_id: found[task_id] for task_id in score.tasks.tasks if task_id in found}


def _pass_at(score: Score, kind: str | None) -> dict[str, float]:
    """Return pass@k by one kind of tests, or by all."""
    grouped = _by_task(score).values()
    passed = [
        sum(each.passed if kind is None else each.found["base"].passed for each in samples) for samples in grouped
    ]
    return _figures([len(samples) for samples in grouped], passed, score.protocol.scoring.pass_at)


def _figures(programs: list[int], passed: list[int], pass_at: Iterable[int]) -> dict[str, Any]:
    return {f"pass@{k}": float(np.mean(pass_at_k(programs, passed, k))) for k in pass_at if min(programs) >= k}


def _status(found: Found) -> str:
    if found.passed:
        return "pass"
    return "timeout" if found.verdict in _TIMEOUTS else "fail"


def _lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    replace_text(path, "".join(json.dumps(row) + "\n" for row in rows))
    return path


def _json(path: Path, value: object, indent: int | None) -> Path:
    # As evalplus writes inputs that JSON has no types for: sets as lists, complex numbers as texts.
    replace_text(path, json.dumps(value, indent=indent, default=_without_type))
    return path


def _without_type(value: object) -> object:
    return list(value) if isinstance(value, set | frozenset) else str(value)
