"""A model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.evaluation.benchmarks.answering.asked import (
    ANSWERS,
    REFUSED,
    SEED,
    Advance,
    Asked,
    with_empty_answers,
)
from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.prompts import chat_messages, is_chat, render_prompts
from acecoder_dagster.learning.sampling.prompts import prompt_tokens
from acecoder_dagster.learning.sampling.sampler import question_seed
from acecoder_dagster.questions.writing.endpoint import (
    Answer,
    AnswerCache,
    Chat,
    Continuation,
    EndpointSettings,
    ask,
)

MAX_STOPS = 4
"""Endpoints take no more texts at which an answer ends; it is cut here at the others."""


@dataclass(frozen=True)
class _Sent:
    """A prompt that is sent, and the answer's place."""

    task_id: str
    index: int
    prompt: str
    request: Chat | Continuation


@dataclass(frozen=True)
class ServedModel:
    """A model behind an endpoint.

    With a tokenizer, prompts are rendered here and continued by the endpoint: the model reads the same tokens as it
    would here. Without one, the endpoint renders chats, and begins the answer itself: what the protocol lets an answer
    begin with is left out, and with it the texts at which such an answer ends.

    Attributes:
        settings: address, name of the model, how many requests at a time.
        tokenizer: address of the model whose tokenizer renders prompts.
    """

    settings: EndpointSettings
    tokenizer: str | None = None

    def answers(self, asked: Asked, folder: Path, advance: Advance) -> pl.DataFrame:
        """See `Model.answers`. All answers of an endpoint are kept in one file of the folder, by what was asked.

        Raises:
            EndpointError: the endpoint cannot be reached, or refuses the key or the model.
            BenchmarkError: it refuses every prompt.
            PromptError: the tokenizer has no chat template, or cannot be read.
        """
        settings = self.settings.model_copy(
            update={
                "temperature": asked.draw.temperature,
                "max_tokens": asked.max_tokens,
                "structured": "none",
                "max_unanswered": 0.0,
            }
        )
        prompts, sent = self._sent(asked)
        total = len(prompts) * asked.draw.n
        done = total - len(sent)

        def advanced(count: int) -> None:
            nonlocal done
            done += count
            advance(done, total)

        with AnswerCache(folder / f"endpoint-{text_id(str(settings.base_url))}.sqlite") as cache:
            answers = ask([each.request for each in sent], settings, cache, advanced)
        if sent and all(answer.refused for answer in answers):
            raise BenchmarkError(f"{settings.base_url} takes no prompt of {asked.name}: {answers[0].problem}")
        ends = asked.style.stop if any(isinstance(each.request, Continuation) for each in sent) else ()
        rows = [_row(each, _cut(answer, ends)) for each, answer in zip(sent, answers, strict=True)]
        return with_empty_answers(prompts, asked.draw.n, pl.DataFrame(rows, schema=ANSWERS))

    def _sent(self, asked: Asked) -> tuple[dict[str, str], list[_Sent]]:
        """Return the prompts by task, and what is sent: nothing for prompts that leave no room for an answer."""
        ids = [task.task_id for task in asked.tasks]
        if self.tokenizer is None and is_chat(asked.style):
            chats = [
                tuple((turn["role"], turn["content"]) for turn in chat_messages(asked.style, task) if _is_asking(turn))
                for task in asked.tasks
            ]
            prompts = {task_id: json.dumps(chat, ensure_ascii=False) for task_id, chat in zip(ids, chats, strict=True)}
            return prompts, [
                _Sent(task_id, index, prompts[task_id], Chat(chat, {}, seed, asked.draw.top_p))
                for task_id, chat in zip(ids, chats, strict=True)
                for index, seed in _seeds(task_id, asked.draw.n)
            ]
        texts = render_prompts(asked.style, asked.tasks, self.tokenizer or "")
        read: Sequence[str | tuple[int, ...]] = texts
        if self.tokenizer is not None:
            read = [tuple(tokens) for tokens in prompt_tokens(texts, self.tokenizer)]
        return dict(zip(ids, texts, strict=True)), [
            _Sent(task_id, index, text, Continuation(what, seed, asked.draw.top_p, room, _stops(asked)))
            for task_id, text, what in zip(ids, texts, read, strict=True)
            if (room := _room(asked, what)) > 0
            for index, seed in _seeds(task_id, asked.draw.n)
        ]


def _is_asking(turn: dict[str, str]) -> bool:
    return turn["role"] != "assistant"


def _seeds(task_id: str, n: int) -> list[tuple[int, int]]:
    """Return number and seed of each answer; the seeds are those that vLLM gives them here."""
    first = question_seed(SEED, task_id)
    return [(index, first + index) for index in range(n)]


def _stops(asked: Asked) -> tuple[str, ...]:
    """Return the texts at which the endpoint is to end an answer: those that are no end token of some model first."""
    return tuple(sorted(asked.style.stop, key=lambda text: text.startswith("<"))[:MAX_STOPS])


def _cut(answer: Answer, ends: Sequence[str]) -> Answer:
    """Return the answer up to the first of some texts."""
    places = [place for text in ends if (place := answer.text.find(text)) >= 0]
    return replace(answer, text=answer.text[: min(places)], finish_reason="stop") if places else answer


def _room(asked: Asked, prompt: str | tuple[int, ...]) -> int:
    """Return how many tokens an answer may have."""
    if asked.max_model_len is None or isinstance(prompt, str):
        return asked.max_tokens
    return min(asked.max_tokens, asked.max_model_len - len(prompt))


def _row(sent: _Sent, answer: Answer) -> dict[str, object]:
    return {
        "task_id": sent.task_id,
        "sample_index": sent.index,
        "prompt": sent.prompt,
        "answer": answer.text,
        "finish_reason": REFUSED if answer.refused else answer.finish_reason or "",
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }
