"""Asks many things at the same time, each until it is answered or the retries are used up."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.questions.writing.endpoint.answers import Answer, AnswerCache
from acecoder_dagster.questions.writing.endpoint.errors import EndpointError
from acecoder_dagster.questions.writing.endpoint.settings import EndpointSettings

_NO_KEY = "none"
"""Sent where no key is set: the client insists on one, local servers ignore it."""

_NEVER = {401: "the key is refused", 403: "the key may not do this", 404: "no such address or model"}
"""Answers that every further request would get too."""


@dataclass(frozen=True)
class Chat:
    """What a model is asked: the messages, the JSON schema of the answer, and a seed for the endpoint's sampling."""

    messages: tuple[tuple[str, str], ...]
    """Role and content of each."""
    schema: Mapping[str, Any]
    seed: int

    def key(self, settings: EndpointSettings) -> str:
        """Return the hash of everything that the answer depends on."""
        return content_key(messages=self.messages, schema=self.schema, seed=self.seed, settings=settings.content())


def ask(
    chats: Sequence[Chat], settings: EndpointSettings, cache: AnswerCache, advance: Callable[[int], None]
) -> list[Answer]:
    """Return an answer to every chat, in order; of equal ones only the first is asked.

    Answers are taken from the cache where they are there, and kept in it as they come. What the endpoint does not
    answer after all retries has a `problem` instead; it is not kept, so that the next run asks it again.

    Args:
        chats: what to ask.
        settings: where, and how.
        cache: answers of earlier runs.
        advance: called with the number of answers that are new.

    Raises:
        EndpointError: the endpoint is not configured or refuses everything, or more than `max_unanswered` of the chats
            stayed unanswered. All answers are in the cache: another run asks only what is missing.
    """
    if settings.base_url is None or settings.model is None:
        raise EndpointError("no endpoint to ask: set base_url and model in [questions.endpoint] of the profile")
    keys = [chat.key(settings) for chat in chats]
    answers = cache.find(dict.fromkeys(keys))
    missing = {key: chat for key, chat in zip(keys, chats, strict=True) if key not in answers}
    advance(len(answers))
    if missing:
        round_of_asking = _Asking(settings, cache, advance, math.floor(settings.max_unanswered * len(missing)))
        answers |= asyncio.run(round_of_asking.all(missing))
    return [answers[key] for key in keys]


class _Asking:
    """The requests of one run: so many at a time, until all are answered or too many are not."""

    def __init__(
        self, settings: EndpointSettings, cache: AnswerCache, advance: Callable[[int], None], allowed: int
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._advance = advance
        self._allowed = allowed
        self._unanswered: list[str] = []
        self._answers: dict[str, Answer] = {}

    async def all(self, chats: Mapping[str, Chat]) -> dict[str, Answer]:
        """Return the answers by key."""
        from openai import AsyncOpenAI

        settings = self._settings
        client = AsyncOpenAI(
            base_url=settings.base_url,
            api_key=os.environ.get(settings.api_key_variable) or _NO_KEY,
            max_retries=settings.retries,
            timeout=settings.timeout_seconds,
        )
        waiting = iter(chats.items())
        async with client:
            # Each place takes the next chat itself: as many requests are under way as long as any wait.
            places = min(settings.concurrency, len(chats))
            await asyncio.gather(*(self._serve(client, waiting) for _ in range(places)))
        if len(self._unanswered) > self._allowed:
            raise EndpointError(
                f"{settings.base_url}: {len(self._unanswered)} of {len(chats)} requests stayed unanswered, "
                f"{self._allowed} may (max_unanswered); the first: {self._unanswered[0]}. "
                f"{len(self._answers)} answers are kept: run again to ask what is missing"
            )
        return self._answers

    async def _serve(self, client: Any, waiting: Iterator[tuple[str, Chat]]) -> None:  # noqa: ANN401 - openai is imported late
        for key, chat in waiting:
            if len(self._unanswered) > self._allowed:
                return
            answer = await self._answer(client, chat)
            if answer.problem is None:
                self._cache.keep(key, answer)
            elif not answer.refused:
                self._unanswered.append(answer.problem)
            self._answers[key] = answer
            self._advance(1)

    async def _answer(self, client: Any, chat: Chat) -> Answer:  # noqa: ANN401
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        started = time.monotonic()
        attempts = self._settings.retries + 1

        def unanswered(problem: str) -> Answer:
            return Answer(problem=problem, attempts=attempts, seconds=time.monotonic() - started)

        try:
            response = await client.chat.completions.with_raw_response.create(**self._request(chat))
        except APITimeoutError:
            return unanswered(f"unanswered: no answer in {self._settings.timeout_seconds:g} s, {attempts} times")
        except APIConnectionError as error:
            return unanswered(f"unanswered: connection lost or refused ({error.__cause__ or error}), {attempts} times")
        except APIStatusError as error:
            if error.status_code in _NEVER:
                what = f"{_NEVER[error.status_code]}: {error.message}; check base_url, model and key"
                raise EndpointError(f"{self._settings.base_url}: {what}") from error
            if error.status_code in {408, 409, 429} or error.status_code >= 500:
                return unanswered(f"unanswered: HTTP {error.status_code}, {attempts} times: {error.message[:200]}")
            refusal = f"refused: HTTP {error.status_code}: {error.message[:200]}"
            return Answer(problem=refusal, refused=True, attempts=1, seconds=time.monotonic() - started)
        return _read(response.text, response.retries_taken + 1, time.monotonic() - started)

    def _request(self, chat: Chat) -> dict[str, Any]:
        settings = self._settings
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": [{"role": role, "content": content} for role, content in chat.messages],
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "seed": chat.seed,
        }
        if settings.structured == "json_schema":
            schema = {"name": "answer", "schema": chat.schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif settings.structured == "json_object":
            request["response_format"] = {"type": "json_object"}
        return request


def _read(body: str, attempts: int, seconds: float) -> Answer:
    """Return the answer in a chat completion, leniently: endpoints leave out what they do not know."""
    from openai.types.chat import ChatCompletion
    from pydantic import ValidationError

    try:
        completion = ChatCompletion.model_validate_json(body)
    except ValidationError:
        return Answer(problem=f"unanswered: no chat completion: {body[:200]!r}", attempts=attempts, seconds=seconds)
    usage = completion.usage
    choice = completion.choices[0] if completion.choices else None
    return Answer(
        text=(choice.message.content or "") if choice else "",
        finish_reason=choice.finish_reason if choice else None,
        model=completion.model,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
        attempts=attempts,
        seconds=seconds,
    )
