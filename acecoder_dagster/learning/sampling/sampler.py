"""Sampling completions for files of prompts with vLLM: streamed in, written in parts, continued after a kill."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.sampling.engine import running_engine
from acecoder_dagster.learning.sampling.parts import PartFile
from acecoder_dagster.learning.sampling.settings import SamplingSettings

if TYPE_CHECKING:
    from vllm import LLMEngine, RequestOutput


COMPLETIONS = pl.Schema(
    {
        "question_id": pl.String,
        "sample_index": pl.Int64,
        "completion": pl.String,
        "finish_reason": pl.String,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
    }
)
"""Columns of a file of completions; finish_reason is `stop` (end token) or `length`."""

_ROWS_READ_AT_ONCE = 1000
_SECONDS_BETWEEN_PARTS = 10.0
# The engine is handed this many times the completions it can work on at once, so that it never runs dry.
_QUEUE = 2


@dataclass(frozen=True)
class SamplingJob:
    """One model and the prompts it answers.

    Attributes:
        model: folder or hub id.
        revision: revision of a hub model.
        prompts: Parquet with columns question_id (unique) and prompt.
        output: Parquet to write, with the columns of COMPLETIONS.
    """

    model: str
    revision: str | None
    prompts: Path
    output: Path


def sample_programs(
    jobs: Sequence[SamplingJob], sampling: SamplingSettings, seed: int, progress: Progress
) -> dict[str, float]:
    """Sample completions for every prompt of every job.

    Jobs of one model that follow each other share one start of the engine. What a question is answered depends on
    model, prompt, settings and seed only, not on the questions beside it (up to rounding, which vLLM does not fix).
    Killed and called again with the same arguments, no part written before is sampled again.

    Args:
        jobs: what to sample; outputs that exist already are taken as finished.
        sampling: how many programs and how.
        seed: of all random choices.
        progress: told questions done and to do over all jobs, and programs and tokens per second.

    Returns:
        Figures of this call: questions, programs, prompt_tokens, completion_tokens, seconds, and
        questions_over_length, whose prompts leave no room in the model's context: they have no rows in the output.

    Raises:
        FileNotFoundError: a file of prompts does not exist.
        ValueError: a file of prompts lacks a column or names a question twice.
    """
    questions = {job: _checked_height(job.prompts) for job in jobs}
    unfinished = [job for job in jobs if not job.output.exists()]
    tally = _Tally(sum(questions.values()), progress)
    tally.skip(sum(questions[job] for job in jobs if job not in unfinished))
    for (model, revision), of_model in groupby(unfinished, key=lambda job: (job.model, job.revision)):
        with running_engine(model, revision, sampling.engine) as engine:
            for job in of_model:
                _sample_job(engine, job, sampling, seed, tally)
    return tally.figures()


def _sample_job(engine: "LLMEngine", job: SamplingJob, sampling: SamplingSettings, seed: int, tally: "_Tally") -> None:
    """Keep the engine full with questions, and write the answered ones part by part."""
    parts = PartFile(job.output, COMPLETIONS, "question_id", _fingerprint(job, sampling, seed))
    answered = parts.keys()
    tally.skip(len(answered))
    questions = ((key, text) for key, text in _read_prompts(job.prompts) if key not in answered)
    rows: list[dict[str, object]] = []
    written_last = time.monotonic()
    under_way = 0
    exhausted = False
    while not exhausted or engine.has_unfinished_requests():
        while not exhausted and under_way * sampling.programs_per_question < sampling.engine.max_sequences * _QUEUE:
            question = next(questions, None)
            exhausted = question is None
            if question is not None:
                if _ask(engine, *question, sampling, seed):
                    under_way += 1
                else:
                    tally.too_long()
        for output in engine.step():
            under_way -= 1
            rows += _rows(output)
            tally.add(output)
        if time.monotonic() - written_last > _SECONDS_BETWEEN_PARTS:
            parts.write(rows)
            rows, written_last = [], time.monotonic()
    parts.write(rows)
    parts.finish(["question_id", "sample_index"])


def _ask(engine: "LLMEngine", question_id: str, prompt: str, sampling: SamplingSettings, seed: int) -> bool:
    """Hand a question to the engine; False where its prompt leaves no room for an answer."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    tokenizer = engine.get_tokenizer()
    # Rendered chats bring their start token along; other prompts get it from the tokenizer.
    started = tokenizer.bos_token is not None and prompt.startswith(tokenizer.bos_token)
    tokens = tokenizer(prompt, add_special_tokens=not started)["input_ids"]
    if len(tokens) >= engine.model_config.max_model_len:
        return False
    parameters = SamplingParams(
        n=sampling.programs_per_question,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        max_tokens=sampling.max_tokens,
        seed=question_seed(seed, question_id),
        output_kind=RequestOutputKind.FINAL_ONLY,
    )
    engine.add_request(question_id, {"prompt_token_ids": tokens}, parameters)
    return True


def _rows(output: "RequestOutput") -> list[dict[str, object]]:
    return [
        {
            "question_id": output.request_id,
            "sample_index": answer.index,
            "completion": answer.text,
            "finish_reason": answer.finish_reason,
            "prompt_tokens": len(output.prompt_token_ids or ()),
            "completion_tokens": len(answer.token_ids),
        }
        for answer in output.outputs
    ]


def _read_prompts(path: Path) -> Iterator[tuple[str, str]]:
    """Question ids and prompts of a file, of which only a slice is in memory."""
    rows = pl.scan_parquet(path).select("question_id", "prompt")
    for start in range(0, _height(path), _ROWS_READ_AT_ONCE):
        yield from rows.slice(start, _ROWS_READ_AT_ONCE).collect().iter_rows()


def _height(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _checked_height(path: Path) -> int:
    """Rows of a file of prompts.

    Raises:
        ValueError: a column is missing or a question occurs twice.
    """
    table = pl.scan_parquet(path)
    missing = {"question_id", "prompt"} - set(table.collect_schema())
    if missing:
        raise ValueError(f"{path}: missing column {', '.join(sorted(missing))}; needs question_id and prompt")
    twice = table.group_by("question_id").len().filter(pl.col("len") > 1).head(1).collect()
    if twice.height:
        raise ValueError(f"{path}: question {twice['question_id'][0]!r} occurs more than once")
    return _height(path)


def _fingerprint(job: SamplingJob, sampling: SamplingSettings, seed: int) -> str:
    """Everything that decides the completions; engine settings do not."""
    with job.prompts.open("rb") as file:
        prompts = hashlib.file_digest(file, "sha256").hexdigest()
    parts = [prompts, job.model, str(job.revision), sampling.model_dump_json(exclude={"engine"}), str(seed)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def question_seed(seed: int, question_id: str) -> int:
    """Seed of a question's first program; the following programs take the numbers after it."""
    digest = hashlib.sha256(f"{seed} {question_id}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


class _Tally:
    """Counts what was done and tells progress."""

    def __init__(self, questions: int, progress: Progress) -> None:
        self._questions = questions
        self._progress = progress
        self._started = time.perf_counter()
        self._done = self._programs = self._prompt_tokens = self._completion_tokens = self._over_length = 0

    def skip(self, questions: int) -> None:
        """Count questions that an earlier, killed run has answered."""
        self._done += questions

    def too_long(self) -> None:
        """Count a question that cannot be asked."""
        self._done += 1
        self._over_length += 1

    def add(self, output: "RequestOutput") -> None:
        """Count an answered question."""
        self._done += 1
        self._programs += len(output.outputs)
        self._prompt_tokens += len(output.prompt_token_ids or ())
        self._completion_tokens += sum(len(answer.token_ids) for answer in output.outputs)
        seconds = time.perf_counter() - self._started
        rates = {
            "programs_per_second": self._programs / seconds,
            "tokens_per_second": self._completion_tokens / seconds,
        }
        self._progress(self._done, self._questions, rates)

    def figures(self) -> dict[str, float]:
        """Figures of the whole call."""
        return {
            "questions": self._questions,
            "questions_over_length": self._over_length,
            "programs": self._programs,
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "seconds": time.perf_counter() - self._started,
        }
