"""A model that vLLM runs here: one of a folder or of the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.lake import content_key, text_id
from acecoder_dagster.evaluation.benchmarks.answering.asked import ANSWERS, SEED, Advance, Asked, with_empty_answers
from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.prompts import render_prompts
from acecoder_dagster.files import replace_file
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.learning.sampling import EngineSettings, SamplingJob, SamplingSettings

_PROMPTS = ".prompts.parquet"

Runner = Callable[[SamplingJob, SamplingSettings, Advance], object]
"""Lets vLLM do a job, and returns when it is done."""


def run_here(job: SamplingJob, sampling: SamplingSettings, advance: Advance) -> None:
    """Run a job in this process."""
    from acecoder_dagster.learning.sampling.replicas import sample_on_replicas

    sample_on_replicas([job], sampling, SEED, lambda done, total, _: advance(done, total))


@dataclass(frozen=True)
class LocalModel:
    """A model of a folder or of the hub.

    Attributes:
        address: folder, or owner/name@revision.
        engine: memory, speed and devices; the longest text is the protocol's where it has one.
        run: where vLLM runs.
    """

    address: str
    engine: EngineSettings
    run: Runner = run_here

    def answers(self, asked: Asked, folder: Path, advance: Advance) -> pl.DataFrame:
        """See `Model.answers`.

        Answers stand in `NAME-KEY/`, where the key is that of the model and of the way of drawing: for every set of
        prompts a file of prompts, and beside it one of answers, which grows in parts.

        Raises:
            BenchmarkError: vLLM cannot run the model.
            PromptError: the model has no chat template, or cannot be read.
        """
        texts = render_prompts(asked.style, asked.tasks, self.address)
        prompts = {task.task_id: text for task, text in zip(asked.tasks, texts, strict=True)}
        model, revision = read_address(self.address)
        sampling = self._sampling(asked)
        key = content_key(
            model=model_revision(model, revision),
            sampling=sampling.model_dump(exclude={"engine"}),
            max_model_len=asked.max_model_len,
            stop=asked.style.stop,
            seed=SEED,
        )
        place = folder / f"{asked.name}-{key}"
        place.mkdir(parents=True, exist_ok=True)
        known = _known_prompts(place)
        missing = {task_id: text for task_id, text in prompts.items() if (task_id, text) not in known}
        done = len(prompts) - len(missing)
        advance(done, len(prompts))
        if missing:
            file = place / f"{text_id(*missing, *missing.values())}{_PROMPTS}"
            replace_file(file, _table(missing).write_parquet)
            job = SamplingJob(model, file, _answers_file(file), revision, asked.style.stop, seconds_between_parts=0.0)
            self._sample(job, sampling, lambda now, _: advance(done + now, len(prompts)))
        return with_empty_answers(prompts, asked.draw.n, _kept_answers(place))

    def _sampling(self, asked: Asked) -> SamplingSettings:
        return SamplingSettings(
            programs_per_question=asked.draw.n,
            temperature=asked.draw.temperature,
            top_p=asked.draw.top_p,
            max_tokens=asked.max_tokens,
            engine=self.engine.model_copy(update={"max_model_len": self._longest_text(asked.max_model_len)}),
        )

    def _longest_text(self, wanted: int | None) -> int | None:
        """Return the longest text for the engine; None, the model's own, where the model reads no more than that."""
        from acecoder_dagster.learning.pretrained import load_config

        if wanted is None:
            return self.engine.max_model_len
        context: int | None = getattr(load_config(self.address).get_text_config(), "max_position_embeddings", None)
        return None if context is not None and context <= wanted else wanted

    def _sample(self, job: SamplingJob, sampling: SamplingSettings, advance: Advance) -> None:
        try:
            self.run(job, sampling, advance)
        except AceCoderError:
            raise
        except (OSError, ValueError, RuntimeError) as error:
            raise BenchmarkError(
                f"vLLM cannot run {self.address} here: {error}. What it answered is kept; settings of the engine are "
                "[sampling.engine] of a profile, which --profile names"
            ) from error


def _table(prompts: Mapping[str, str]) -> pl.DataFrame:
    return pl.DataFrame({"question_id": list(prompts), "prompt": list(prompts.values())})


def _answers_file(prompts: Path) -> Path:
    return prompts.with_name(prompts.name.replace(_PROMPTS, ".parquet"))


def _finished(place: Path) -> list[Path]:
    """Return the files of prompts whose answers are complete."""
    return [file for file in sorted(place.glob(f"*{_PROMPTS}")) if _answers_file(file).exists()]


def _known_prompts(place: Path) -> set[tuple[str, str]]:
    return {row for file in _finished(place) for row in pl.read_parquet(file).select("question_id", "prompt").rows()}


def _kept_answers(place: Path) -> pl.DataFrame:
    names = {"question_id": "task_id", "completion": "answer"}
    frames = [
        pl.read_parquet(_answers_file(file)).join(pl.read_parquet(file), on="question_id").rename(names)
        for file in _finished(place)
    ]
    return pl.concat([ANSWERS.to_frame(), *(frame.select(ANSWERS.names()) for frame in frames)])
