"""What answers, verdicts and scores of a protocol depend on beside the data and the model, by content.

Two protocols that say the same here give the same; a protocol that changes elsewhere, as in its title, gives what it
gave.
"""

from __future__ import annotations

from acecoder_dagster.evaluation.benchmarks.answering.asked import SEED, drawn
from acecoder_dagster.evaluation.benchmarks.prompts import prompt_text
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.tasks import task_ids
from acecoder_dagster.judge import SandboxSettings


def programs_depend_on(protocol: Protocol, style: str, n: int | None) -> dict[str, object]:
    """Return what the programs of a model depend on: tasks, prompt, drawing, extraction.

    Args:
        protocol: the benchmark.
        style: which kind of model it is.
        n: answers of each task, drawn as for best-of-N; None: as for the score itself.

    Raises:
        BenchmarkError: the prompt or the list of tasks cannot be read.
    """
    chosen, decoding = protocol.styles[style], protocol.decoding
    return {
        "data": protocol.data.model_dump(mode="json", include={"format", "files", "variant"}),
        "tasks": task_ids(protocol.data),
        "window": protocol.window.model_dump(mode="json"),
        "style": chosen.model_dump(mode="json", exclude={"prompt", "max_tokens"}),
        "prompt": prompt_text(chosen.prompt),
        "draw": drawn(decoding, n).model_dump(mode="json"),
        "max_tokens": chosen.max_tokens or decoding.max_tokens,
        "max_model_len": decoding.max_model_len,
        "calibrated": protocol.scoring.calibrated,
        "seed": SEED,
    }


def verdicts_depend_on(protocol: Protocol) -> dict[str, object]:
    """Return what verdicts on programs depend on: tests, limits, packages.

    Raises:
        SandboxUnavailableError: there is no such set of packages.
    """
    scoring = protocol.scoring
    return {
        "data": protocol.data.model_dump(mode="json", include={"format", "variant"}),
        "scoring": scoring.model_dump(mode="json", include={"tests", "reference_time_factor", "least_seconds"}),
        "sandbox": SandboxSettings.model_validate(scoring.sandbox).seen_by_programs(),
    }


def scores_depend_on(protocol: Protocol) -> dict[str, object]:
    """Return what scores depend on beside verdicts."""
    return {"title": protocol.title, "pass_at": protocol.scoring.pass_at}
