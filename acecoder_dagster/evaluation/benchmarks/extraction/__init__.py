"""The program in an answer, as each benchmark's own tools find it: named functions for protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from acecoder_dagster.evaluation.benchmarks.extraction.fences import after_thinking, between_last_fences
from acecoder_dagster.evaluation.benchmarks.extraction.reachable import bigcodebench_sanitize, evalplus_sanitize
from acecoder_dagster.learning.sampling.extraction import extract_program

ExtractorName = Literal["spaces", "evalplus", "bigcodebench", "livecodebench", "after_thinking", "whole", "acecoder"]

EXTRACTORS: Mapping[ExtractorName, Callable[[str, str], str]] = {
    "spaces": lambda text, _: text.replace("\t", "    "),
    "evalplus": evalplus_sanitize,
    "bigcodebench": bigcodebench_sanitize,
    "livecodebench": lambda text, _: between_last_fences(text),
    "after_thinking": lambda text, _: after_thinking(text),
    "whole": lambda text, _: text.strip(),
    "acecoder": lambda text, _: extract_program(text),
}
"""By name: from a text and an entry point to the program.

spaces: every tab as four spaces, as evalplus and bigcodebench do with what a model wrote.
evalplus, bigcodebench: their `sanitize`.
livecodebench: what lies between the last two lines with a fence; nothing where there are none.
after_thinking: what follows the last `</think>`.
whole: the text without blanks around it.
acecoder: this project's own rule, see `learning.sampling.extraction`.
"""

if set(EXTRACTORS) != set(get_args(ExtractorName)):
    raise AssertionError("each extractor has its name")


def extract(text: str, entry_point: str, extractors: Sequence[ExtractorName]) -> str:
    """Return the program in a text.

    Args:
        text: what a model wrote, with the task's text before it where it continues that.
        entry_point: name of the function that is asked for; empty where there is none.
        extractors: applied one after the other.
    """
    for name in extractors:
        text = EXTRACTORS[name](text, entry_point)
    return text


__all__ = ["EXTRACTORS", "ExtractorName", "extract"]
