"""Asks many things at the same time, each until it is answered or the retries are used up."""

import asyncio
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from acecoder_dagster.questions.writing.endpoint.answers import Answer, AnswerCache
from acecoder_dagster.questions.writing.endpoint.errors import EndpointError
from acecoder_dagster.questions.writing.endpoint.requests import Request
from acecoder_dagster.questions.writing.endpoint.settings import EndpointSettings

_NO_KEY = "none"
"""Sent where no key is set: the client insists on one, local servers ignore it."""

_NEVER = {401: "the key is refused", 403: "the key may not do this", 404: "no such address or model"}
"""Answers that every further request would get too."""


def ask(
    requests: Sequence[Request], settings: EndpointSettings, cache: AnswerCache, advance: Callable[[int], None]
) -> list[Answer]:
    """Return an answer to every request, in order; of equal ones only the first is asked.

    Answers are taken from the cache where they are there, and kept in it as they come. What the endpoint does not
    answer after all retries has a `problem` instead; it is not kept, so that the next run asks it again.

    Args:
        requests: what to ask.
        settings: where, and how.
        cache: answers of earlier runs.
        advance: called with the number of answers that are new.

    Raises:
        EndpointError: the endpoint is not configured or refuses everything, or more than `max_unanswered` of the
            requests stayed unanswered. All answers are in the cache: another run asks only what is missing.
    """
    if settings.base_url is None or settings.model is None:
        raise EndpointError("no endpoint to ask: set base_url and model in [questions.endpoint] of the profile")
    keys = [request.key(settings) for request in requests]
    answers = cache.find(dict.fromkeys(keys))
    missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in answers}
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

    async def all(self, requests: Mapping[str, Request]) -> dict[str, Answer]:
        """Return the answers by key."""
        from openai import AsyncOpenAI

        settings = self._settings
        client = AsyncOpenAI(
            base_url=settings.base_url,
            api_key=os.environ.get(settings.api_key_variable) or _NO_KEY,
            max_retries=settings.retries,
            timeout=settings.timeout_seconds,
        )
        waiting = iter(requests.items())
        async with client:
            # Each place takes the next request itself: as many requests are under way as long as any wait.
            places = min(settings.concurrency, len(requests))
            await asyncio.gather(*(self._serve(client, waiting) for _ in range(places)))
        if len(self._unanswered) > self._allowed:
            raise EndpointError(
                f"{settings.base_url}: {len(self._unanswered)} of {len(requests)} requests stayed unanswered, "
                f"{self._allowed} may (max_unanswered); the first: {self._unanswered[0]}. "
                f"{len(self._answers)} answers are kept: run again to ask what is missing"
            )
        return self._answers

    async def _serve(self, client: Any, waiting: Iterator[tuple[str, Request]]) -> None:  # noqa: ANN401 - openai is imported late
        for key, request in waiting:
            if len(self._unanswered) > self._allowed:
                return
            answer = await self._answer(client, request)
            if answer.problem is None:
                self._cache.keep(key, answer)
            elif not answer.refused:
                self._unanswered.append(answer.problem)
            self._answers[key] = answer
            self._advance(1)

    async def _answer(self, client: Any, request: Request) -> Answer:  # noqa: ANN401
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        started = time.monotonic()
        attempts = self._settings.retries + 1

        def unanswered(problem: str) -> Answer:
            return Answer(problem=problem, attempts=attempts, seconds=time.monotonic() - started)

        try:
            response = await request.send(client, self._settings)
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
        return replace(
            request.read(response.text), attempts=response.retries_taken + 1, seconds=time.monotonic() - started
        )
