"""The program in a completion. All stages use this one rule, so that all of them judge the same text."""

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

    First, thinking is taken away: only what follows the last `</think>` counts, and nothing where `<think>` never
    ends. Of several `<answer>` parts only the last one counts, even when it has no end. Then the first rule that
    applies decides:

    1. The prompt opened a fenced block, and the completion continues it: the Python before the first bare fence.
    2. There are fenced blocks in Python or without a language. A complete block goes before one that was cut, then a
       block that defines a function or class before one that does not (an example of use), then a block marked as
       Python before one without a language. Of several equal ones the last is taken: models settle on their last.
    3. There is no fenced block: the text itself.

    Args:
        completion: What a model wrote.

    Returns:
        The program without blank lines around it, ending with one newline; empty where there is none.
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
    """Return the text before the first fence, if that fence is bare and the text is Python code."""
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
