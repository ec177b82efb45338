"""What README and documentation show: blocks of code by language, and commands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *(path for path in (ROOT / "docs").rglob("*.md") if not {"generated", "_site"} & set(path.parts)),
    ]
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:acecoder|make|python -m|docker compose|pip install|bash|git pull) ")
_ABRIDGED = re.compile(r"\.\.\.|IMAGE|BATCH|\bNAME\b|`")
"""Stands in text for something else; such words are explained, not typed."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    """Return the blocks in some languages, in the order of pages."""
    return [
        Block(str(page.relative_to(ROOT)), language, text)
        for page in PAGES
        for language, text in _FENCE.findall(page.read_text(encoding="utf-8"))
        if language in languages
    ]


def bash_blocks(page: str) -> list[list[str]]:
    """Return the commands of each block of a page that is typed into a shell."""
    return [list(_lines(block.text)) for block in blocks("bash") if block.page == page]


def commands() -> set[str]:
    """Return every command that is shown, as it is typed, without comments and line breaks."""
    shown = {command for block in blocks("bash") for command in _lines(block.text)}
    for page in PAGES:
        prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
        inline = (" ".join(found.split()) for found in _INLINE.findall(prose))
        shown |= {text for text in inline if _COMMAND.match(f"{text} ") and not _ABRIDGED.search(text)}
    return shown - {"make"}


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if typed := re.sub(r"(^|\s)#\s.*", "", line).strip():
            yield " ".join(typed.split())
