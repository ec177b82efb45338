"""What a model behind an endpoint is asked: a chat that it answers, or a text that it continues."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.questions.writing.endpoint.answers import Answer
from acecoder_dagster.questions.writing.endpoint.settings import EndpointSettings


@dataclass(frozen=True)
class Chat:
    """A chat: the messages, the JSON schema of the answer, and a seed for the endpoint's sampling.

    Attributes:
        messages: role and content of each.
        schema: JSON schema, which counts where the settings ask for structured answers.
        seed: for the endpoint's sampling.
        top_p: share of probability that is drawn from; None leaves it to the endpoint.
    """

    messages: tuple[tuple[str, str], ...]
    schema: Mapping[str, Any]
    seed: int
    top_p: float | None = None

    def key(self, settings: EndpointSettings) -> str:
        """Return the hash of everything that the answer depends on."""
        more = {} if self.top_p is None else {"top_p": self.top_p}
        return content_key(
            messages=self.messages, schema=self.schema, seed=self.seed, settings=settings.content(), **more
        )

    async def send(self, client: Any, settings: EndpointSettings) -> Any:  # noqa: ANN401 - openai is imported late
        """Send the request once, and return the response as it came."""
        request: dict[str, Any] = {
            "model": settings.model,
            "messages": [{"role": role, "content": content} for role, content in self.messages],
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "seed": self.seed,
        }
        if self.top_p is not None:
            request["top_p"] = self.top_p
        if settings.structured == "json_schema":
            schema = {"name": "answer", "schema": self.schema, "strict": True}
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif settings.structured == "json_object":
            request["response_format"] = {"type": "json_object"}
        return await client.chat.completions.with_raw_response.create(**request)

    def read(self, body: str) -> Answer:
        """Return the answer in a chat completion, leniently: endpoints leave out what they do not know."""
        from openai.types.chat import ChatCompletion
        from pydantic import ValidationError

        try:
            completion = ChatCompletion.model_validate_json(body)
        except ValidationError:
            return Answer(problem=f"unanswered: no chat completion: {body[:200]!r}")
        choice = completion.choices[0] if completion.choices else None
        return _answer((choice.message.content or "") if choice else "", choice, completion)


@dataclass(frozen=True)
class Continuation:
    """A text that the model continues.

    Attributes:
        prompt: the text, or its token ids.
        seed: for the endpoint's sampling.
        top_p: share of probability that is drawn from.
        max_tokens: longest answer, which goes before the settings'.
        stop: texts at which the answer ends.
    """

    prompt: str | tuple[int, ...]
    seed: int
    top_p: float
    max_tokens: int
    stop: tuple[str, ...]

    def key(self, settings: EndpointSettings) -> str:
        """Return the hash of everything that the answer depends on."""
        return content_key(
            prompt=self.prompt,
            seed=self.seed,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            stop=self.stop,
            settings=settings.content(),
        )

    async def send(self, client: Any, settings: EndpointSettings) -> Any:  # noqa: ANN401 - openai is imported late
        """Send the request once, and return the response as it came."""
        return await client.completions.with_raw_response.create(
            model=settings.model,
            prompt=self.prompt if isinstance(self.prompt, str) else list(self.prompt),
            temperature=settings.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed,
            stop=list(self.stop) or None,
        )

    def read(self, body: str) -> Answer:
        """Return the answer in a completion, leniently: endpoints leave out what they do not know."""
        from openai.types import Completion
        from pydantic import ValidationError

        try:
            completion = Completion.model_validate_json(body)
        except ValidationError:
            return Answer(problem=f"unanswered: no completion: {body[:200]!r}")
        choice = completion.choices[0] if completion.choices else None
        return _answer(choice.text if choice else "", choice, completion)


Request = Chat | Continuation


def _answer(text: str, choice: Any, completion: Any) -> Answer:  # noqa: ANN401
    usage = completion.usage
    return Answer(
        text=text,
        finish_reason=choice.finish_reason if choice else None,
        model=completion.model,
        prompt_tokens=usage.prompt_tokens if usage else None,
        completion_tokens=usage.completion_tokens if usage else None,
    )
