"""The prompts of tasks, from the text files in `prompts/`.

A file has sections, each behind a line with its name in brackets; the last line break of a section is none of its text.

- `[text]`: the prompt as it stands. Or a chat: `[user]`, before it perhaps `[system]`, after it perhaps `[assistant]`.
- `{answer}` is where the model goes on, in `[text]` or in `[assistant]`. A chat without `[assistant]` ends as the
  model's chat template begins an answer.
- `{prompt}` is the text of the task without blanks around it, `{raw_prompt}` as it is, `{starter_code}` what the
  program has to begin with.
- `{how}` is the section `[how to write a function]` where the task has starter code, else `[how to write a script]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.protocol import StyleSection
from acecoder_dagster.evaluation.benchmarks.reading.task import Task

FOLDER = Path(__file__).parent / "prompts"

_HEADING = re.compile(
    r"^\[(text|system|user|assistant|how to write a function|how to write a script)\]\n", re.MULTILINE
)
_PLACE = re.compile(r"\{(prompt|raw_prompt|starter_code|how|answer)\}")
_ROLES = ("system", "user", "assistant")
# A word that no task has: a chat template may cut blanks at the end of a turn, but not before it.
_ANSWER = "<<[the answer goes on here]>>"

Chat = list[dict[str, str]]


def plain_prompt(style: StyleSection, task: Task) -> str:
    """Return the prompt of a task, for a style whose file has the section `[text]`.

    Raises:
        BenchmarkError: its prompt is a chat, or there is no such file.
    """
    sections = _sections(style.prompt)
    if "text" not in sections:
        raise BenchmarkError(f"the prompt {style.prompt} is a chat: a model's chat template has to render it")
    return _filled(sections["text"], sections, style, task).partition(_ANSWER)[0]


def is_chat(style: StyleSection) -> bool:
    """Tell whether the prompt is one that a model's chat template renders.

    Raises:
        BenchmarkError: there is no such file, or it is wrong.
    """
    return "text" not in _sections(style.prompt)


def chat_messages(style: StyleSection, task: Task) -> Chat:
    """Return the turns of a chat for a task; where there is a turn of the assistant, `open_turns` ends it.

    Raises:
        BenchmarkError: there is no such file, or it is wrong.
    """
    sections = _sections(style.prompt)
    return [
        {"role": role, "content": _filled(sections[role], sections, style, task)} for role in _ROLES if role in sections
    ]


def render_prompts(style: StyleSection, tasks: Sequence[Task], model: str) -> list[str]:
    """Return the prompt of each task, as the model reads it.

    Args:
        style: how the model is asked.
        tasks: what it is asked.
        model: folder or hub id, whose chat template renders chats.

    Raises:
        BenchmarkError: there is no such prompt file, or it is wrong.
        PromptError: the prompt is a chat, and the model has no chat template.
    """
    if not is_chat(style):
        return [plain_prompt(style, task) for task in tasks]
    from acecoder_dagster.learning.sampling.prompts import render_chats

    rendered = render_chats(style.prompt, [chat_messages(style, task) for task in tasks], model)
    return [open_turn(text) for text in rendered]


def open_turn(rendered: str) -> str:
    """Return a rendered chat up to where the model goes on."""
    return rendered.partition(_ANSWER)[0]


def _filled(text: str, sections: Mapping[str, str], style: StyleSection, task: Task) -> str:
    raw = task.texts[style.task_prompt]
    starter = task.texts.get("starter_code", "")
    how = sections.get("how to write a function" if starter else "how to write a script", "")
    places = {"prompt": raw.strip(), "raw_prompt": raw, "starter_code": starter, "answer": _ANSWER}
    # In one pass each, so that braces inside a task are left alone.
    places["how"] = _PLACE.sub(lambda found: places[found[1]], how)
    return _PLACE.sub(lambda found: places[found[1]], text)


def prompt_text(name: str) -> str:
    """Return the text of a prompt file.

    Args:
        name: of a shipped one, or an absolute path.

    Raises:
        BenchmarkError: there is no such file.
    """
    path = _prompt_path(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(each.name for each in FOLDER.glob("*.txt")))
        raise BenchmarkError(f"{path}: this prompt cannot be read: {error}; shipped are {known}") from error


def _prompt_path(name: str) -> Path:
    return Path(name) if Path(name).is_absolute() else FOLDER / name


@cache
def _sections(name: str) -> dict[str, str]:
    path = _prompt_path(name)
    parts = _HEADING.split(prompt_text(name))
    sections: dict[str, str] = dict(zip(parts[1::2], (part.removesuffix("\n") for part in parts[2::2]), strict=True))
    if ("text" in sections) == ("user" in sections) or parts[0].strip():
        raise BenchmarkError(f"{path}: a prompt begins with a section, and has either [text] or [user]")
    if "{answer}" not in (sections.get("text") or sections.get("assistant") or "{answer}"):
        raise BenchmarkError(f"{path}: {{answer}} must stand where the model goes on")
    return sections
