"""Prompts for questions, from the template files in `acecoder_dagster/prompts`.

A template is plain text or a chat. Plain text is given to the model as it is. A chat has two turns, which start at a
line `[user]` and a line `[assistant]`; it is rendered with the model's own chat template, and the assistant's turn is
left open for the model to continue. `{question}` and `{entry_point}` stand for the columns of that name; lines with
`{entry_point}` are left out for questions that have none.
"""

import json
import re
import subprocess
import sys
from importlib import resources
from typing import Any

import polars as pl

from acecoder_dagster import AceCoderError

_TURNS = re.compile(r"\[user\]\n(?P<user>.*?)^\[assistant\]\n(?P<assistant>.*)", re.DOTALL | re.MULTILINE)
_ENTRY_POINT_LINE = re.compile(r"^.*\{entry_point\}.*\n?", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{(question|entry_point)\}")


class PromptError(AceCoderError, ValueError):
    """A template does not exist, or a model cannot be prompted with it."""


def prompt_templates() -> list[str]:
    """Return the names of all templates."""
    folder = resources.files("acecoder_dagster.prompts")
    return sorted(file.name.removesuffix(".txt") for file in folder.iterdir() if file.name.endswith(".txt"))


def prompt_columns(template: str) -> set[str]:
    """Return which columns of a question a template shows: question, entry_point.

    Raises:
        PromptError: There is no such template.
    """
    return set(_PLACEHOLDER.findall(template_text(template)))


def render_prompts(template: str, questions: pl.DataFrame, model: str | None) -> pl.DataFrame:
    """Return the prompt of each question.

    Args:
        template: Name of a file in `prompts/`, without its ending.
        questions: Columns question_id, question, entry_point.
        model: Address of the model that reads the prompts; only chats need it, and its tokenizer renders them.

    Returns:
        Columns question_id and prompt, in the order of the questions.

    Raises:
        PromptError: There is no such template (the message lists them all), a chat has no model, or its model has no
            chat template.
    """
    text = template_text(template)
    rows = questions.select("question", "entry_point").to_dicts()
    turns = _TURNS.fullmatch(text)
    if turns is None:
        prompts = [_fill(text, row) for row in rows]
    elif model is None:
        raise PromptError(f"Prompt template {template!r} is a chat, which only a named model can render.")
    else:
        assistant = turns["assistant"].rstrip("\n") + "\n"
        chats = [
            [
                {"role": "user", "content": _fill(turns["user"], row)},
                {"role": "assistant", "content": _fill(assistant, row)},
            ]
            for row in rows
        ]
        prompts = render_chats(template, chats, model)
    return questions.select("question_id", pl.Series("prompt", prompts, dtype=pl.String))


def template_text(template: str) -> str:
    """Return the text of a template.

    Raises:
        PromptError: There is no such template; the message lists them all.
    """
    known = prompt_templates()
    if template not in known:
        raise PromptError(f"There is no prompt template {template!r}; there are {', '.join(known)}.")
    return resources.files("acecoder_dagster.prompts").joinpath(f"{template}.txt").read_text(encoding="utf-8")


def _fill(text: str, row: dict[str, str]) -> str:
    if not row["entry_point"]:
        text = _ENTRY_POINT_LINE.sub("", text)
    # In one pass, so that braces inside a question are left alone.
    return _PLACEHOLDER.sub(lambda found: row[found[1]], text)


def render_chats(template: str, chats: list[list[dict[str, str]]], model: str) -> list[str]:
    """Render chats with a model's chat template.

    It is done in another process, because transformers loads torch, which the orchestrator never does.

    Args:
        template: What the chats were made from, for messages.
        chats: Messages with role and content. A last turn of the assistant is left open; where there is none, the chat
            ends as an answer begins.
        model: Folder or hub id.

    Raises:
        PromptError: The model has no chat template, or cannot be read.
    """
    prompts: list[str] = _told_by_tokenizer("chat", model, chats, f"Prompt template {template!r} cannot be rendered")
    return prompts


def prompt_tokens(prompts: list[str], model: str) -> list[list[int]]:
    """Return the token ids of prompts, see `prompt_tokens.encode_prompts`, without loading torch in this process.

    Args:
        prompts: Prompts as text.
        model: Address of the model.

    Raises:
        PromptError: The model cannot be read.
    """
    tokens: list[list[int]] = _told_by_tokenizer("tokens", model, prompts, "Prompts cannot be encoded")
    return tokens


def _told_by_tokenizer(module: str, model: str, given: object, failed: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a module of this package makes of something with a model's tokenizer, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", f"acecoder_dagster.learning.sampling.{module}", model],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if told.returncode != 0:
        reason = told.stderr.strip().splitlines()[-1] if told.stderr.strip() else "no message"
        raise PromptError(f"{failed} for model {model!r}: {reason}")
    return json.loads(told.stdout)
