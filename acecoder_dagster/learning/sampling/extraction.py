"""The program inside a model's answer. Every stage that needs it comes here, so that all judge the same text."""

import ast
import re
from collections.abc import Sequence
from textwrap import dedent

from acecoder_dagster.python_source import NO_TREE, parse_source
from acecoder_dagster.questions.fenced_blocks import FencedBlock, fenced_blocks

_PYTHON = {"", "python", "py", "python3"}
_DEFINITION = re.compile(r"^(async def|def|class) ", re.MULTILINE)


def extract_program(completion: str) -> str:
    """Return the program in a completion.

    The first rule that applies decides:

    1. Thinking is no answer: only what follows the last `</think>` counts; nothing, where `<think>` never
       ends. Of `<answer>` parts only the last counts, ended or not.
    2. A completion that continues a fence opened by the prompt: Python up to the first bare fence line.
    3. Fenced blocks, other languages left out: complete ones before a truncated one, then ones that define a
       function or class before ones that do not (usage examples), then ones marked as Python before unmarked
       ones; among equals the last, which is the one a model settles on.
    4. No block: the whole text.

    Returns:
        The program, without blank lines around it, ending with one newline; empty where there is none.
    """
    answer = _answer_part(completion.replace("\r\n", "\n"))
    blocks = fenced_blocks(answer)
    continued = _continuation(answer, blocks)
    if continued is not None:
        return _tidy(continued)
    python = [block for block in reversed(blocks) if block.language in _PYTHON]
    if python:
        best = max(python, key=lambda block: (block.complete, _defines(block.text), block.language != ""))
        return _tidy(dedent(best.text))
    return "" if blocks else _tidy(answer)


def _answer_part(completion: str) -> str:
    _, ended, answer = completion.rpartition("</think>")
    if not ended and "<think>" in completion:
        return completion.partition("<think>")[0]
    _, tagged, inner = answer.rpartition("<answer>")
    return inner.partition("</answer>")[0] if tagged else answer


def _continuation(answer: str, blocks: Sequence[FencedBlock]) -> str | None:
    """What stands before the first fence, if that fence is bare and ends Python code."""
    if not blocks or blocks[0].language:
        return None
    before = answer[: blocks[0].start]
    try:
        statements = parse_source(before).body
    except NO_TREE:
        return None
    # A word or two of prose ("Solution:", "Here") can be Python as well, but defines and imports nothing.
    code = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign)
    return before if any(isinstance(statement, code) for statement in statements) else None


def _defines(text: str) -> bool:
    return _DEFINITION.search(dedent(text)) is not None


def _tidy(text: str) -> str:
    lines = text.rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return "\n".join(lines) + "\n" if lines else ""
