"""What a question writer is asked: a prompt file filled with a seed."""

import re
from importlib import resources
from typing import Any

from acecoder_dagster import AceCoderError
from acecoder_dagster.questions.writing.endpoint import Chat

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "question": {"type": "string"},
        "signature": {"type": "string"},
        "tests": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["question", "signature", "tests"],
    "additionalProperties": False,
}
"""What an answer has to look like."""

_TURNS = re.compile(r"\[system\]\n(?P<system>.*?)^\[user\]\n(?P<user>.*)", re.DOTALL | re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{(code|instruction|with_instruction)\}")


class WriterPromptError(AceCoderError, ValueError):
    """There is no such prompt file, or it is not of the form that is needed."""


def writer_prompts() -> list[str]:
    """Return the names of the prompts in `prompts/writing`."""
    return sorted(file.name.removesuffix(".txt") for file in _folder().iterdir() if file.name.endswith(".txt"))


def prompt_text(name: str) -> str:
    """Return a prompt file's text.

    Raises:
        WriterPromptError: there is none of this name; the message lists those there are.
    """
    file = _folder().joinpath(f"{name}.txt")
    if not file.is_file():
        raise WriterPromptError(f"no prompt {name!r} for question writers; there are {', '.join(writer_prompts())}")
    return str(file.read_text(encoding="utf-8"))


def writer_chat(prompt: str, code: str, instruction: str | None, seed: int) -> Chat:
    """Return what the writer is asked about one seed.

    Args:
        prompt: text of the prompt file: a `[system]` and a `[user]` turn; {code}, {instruction} and
            {with_instruction} stand for the seed's code, its words, and a clause that announces them.
        code: the seed's code.
        instruction: what the seed says in words, if anything.
        seed: for the endpoint's sampling.

    Raises:
        WriterPromptError: the prompt does not have its two turns.
    """
    turns = _TURNS.fullmatch(prompt)
    if turns is None:
        raise WriterPromptError("a writer's prompt has a [system] line, its turn, a [user] line and its turn")
    words = {
        "code": code.strip(),
        "instruction": f"\nWhat the code was written for:\n{instruction.strip()}\n" if instruction else "",
        "with_instruction": " and what it was written for" if instruction else "",
    }
    filled = _PLACEHOLDER.sub(lambda found: words[found[1]], turns["user"])
    return Chat((("system", turns["system"].strip()), ("user", filled.strip())), ANSWER_SCHEMA, seed)


def _folder() -> Any:  # noqa: ANN401 - importlib's Traversable moved between Python versions
    return resources.files("acecoder_dagster.prompts").joinpath("writing")
