"""Sampling completions with vLLM: prompts are read bit by bit, completions are written in parts.

A call that was killed goes on behind the parts that it has written.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from acecoder_dagster.files.model_files import model_identity
from acecoder_dagster.learning.errors import SamplingError
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.sampling.engine import running_engine
from acecoder_dagster.learning.sampling.job import SamplingJob
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
"""Columns of a file of completions; finish_reason is `stop` (an end token was written) or `length` (cut)."""

_ROWS_READ_AT_ONCE = 1000
# The engine is given this many times the completions that it can write at once, so that it never waits for more.
_QUEUE = 2


def sample_programs(
    jobs: Sequence[SamplingJob], sampling: SamplingSettings, seed: int, progress: Progress
) -> dict[str, float]:
    """Sample completions for every prompt of every job.

    Neighbouring jobs of the same model share one start of the engine. The completions of a question depend on the
    model, the prompt, the settings and the seed, and not on the other questions (up to rounding, which differs between
    vLLM's batches). After a kill, a call with the same arguments samples only what no finished part has.

    Args:
        jobs: What to sample. Where the output of a job exists, the job is done.
        sampling: How many programs, and how they are sampled.
        seed: Seed of all random choices.
        progress: Called with the number of questions done and the number of all questions, over all jobs. The figures
            are programs_per_second and tokens_per_second.

    Returns:
        Figures of this call: questions, programs, prompt_tokens, completion_tokens, seconds, and questions_over_length:
        questions whose prompts leave no room in the model's context. These have no rows in the output.

    Raises:
        SamplingError: A file of prompts does not exist, lacks a column or has a question twice.
        ModelLoadError: There is no such model.
    """
    questions = {job: _checked_height(job.prompts) for job in jobs}
    unfinished = [job for job in jobs if not job.output.exists()]
    tally = _Tally(sum(questions.values()), progress)
    tally.count_earlier(sum(questions[job] for job in jobs if job not in unfinished))
    for (model, revision), of_model in groupby(unfinished, key=lambda job: (job.model, job.revision)):
        with running_engine(model, revision, sampling.engine) as engine:
            for job in of_model:
                _sample_job(engine, job, sampling, seed, tally)
    return tally.figures()


def _sample_job(engine: "LLMEngine", job: SamplingJob, sampling: SamplingSettings, seed: int, tally: "_Tally") -> None:
    """Keep the engine busy with questions, and write completions part by part."""
    parts = PartFile(job.output, COMPLETIONS, "question_id", _fingerprint(job, sampling, seed))
    answered = parts.keys()
    tally.count_earlier(len(answered))
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
                if _ask(engine, *question, job.stop, sampling, seed):
                    under_way += 1
                else:
                    tally.count_over_length()
        for output in engine.step():
            under_way -= 1
            rows += _rows(output)
            tally.count_answered(output)
        if time.monotonic() - written_last > job.seconds_between_parts:
            parts.write(rows)
            rows, written_last = [], time.monotonic()
    parts.write(rows)
    parts.finish(["question_id", "sample_index"])


def _ask(
    engine: "LLMEngine", question_id: str, prompt: str, stop: Sequence[str], sampling: SamplingSettings, seed: int
) -> bool:
    """Give a question to the engine; return False where its prompt leaves no room for an answer."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    (tokens,) = encode_prompts(engine.get_tokenizer(), [prompt])
    if len(tokens) >= engine.model_config.max_model_len:
        return False
    parameters = SamplingParams(
        n=sampling.programs_per_question,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        max_tokens=sampling.max_tokens,
        stop=list(stop),
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
    """Yield question ids and prompts of a file, of which only a slice is in memory."""
    rows = pl.scan_parquet(path).select("question_id", "prompt")
    for start in range(0, _height(path), _ROWS_READ_AT_ONCE):
        yield from rows.slice(start, _ROWS_READ_AT_ONCE).collect().iter_rows()


def _height(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _checked_height(path: Path) -> int:
    """Return the number of rows of a file of prompts.

    Raises:
        SamplingError: There is no such file, a column is missing or a question occurs twice.
    """
    if not path.is_file():
        raise SamplingError(f"There is no file of prompts at {path}.")
    table = pl.scan_parquet(path)
    missing = {"question_id", "prompt"} - set(table.collect_schema())
    if missing:
        raise SamplingError(f"{path}: missing column {', '.join(sorted(missing))}; needs question_id and prompt")
    twice = table.group_by("question_id").len().filter(pl.col("len") > 1).head(1).collect()
    if twice.height:
        raise SamplingError(f"{path}: question {twice['question_id'][0]!r} occurs more than once")
    return _height(path)


def _fingerprint(job: SamplingJob, sampling: SamplingSettings, seed: int) -> str:
    """Hash everything that decides the completions; the settings of the engine do not."""
    with job.prompts.open("rb") as file:
        prompts = hashlib.file_digest(file, "sha256").hexdigest()
    model, decoding = model_identity(job.model), sampling.model_dump_json(exclude={"engine"})
    parts = [prompts, model, str(job.revision), decoding, str(seed), *job.stop]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def question_seed(seed: int, question_id: str) -> int:
    """Return the seed of a question's first program; its other programs take the numbers after it."""
    digest = hashlib.sha256(f"{seed} {question_id}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


class _Tally:
    """Counts what is done and reports progress."""

    def __init__(self, questions: int, progress: Progress) -> None:
        self._questions = questions
        self._progress = progress
        self._started = time.perf_counter()
        self._done = self._programs = self._prompt_tokens = self._completion_tokens = self._over_length = 0

    def count_earlier(self, questions: int) -> None:
        """Count questions that an earlier call has answered."""
        self._done += questions

    def count_over_length(self) -> None:
        """Count a question whose prompt leaves no room for an answer."""
        self._done += 1
        self._over_length += 1

    def count_answered(self, output: "RequestOutput") -> None:
        """Count an answered question, and report progress."""
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
        """Return the figures of the call."""
        return {
            "questions": self._questions,
            "questions_over_length": self._over_length,
            "programs": self._programs,
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "seconds": time.perf_counter() - self._started,
        }
