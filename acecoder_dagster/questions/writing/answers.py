"""Reads what a question writer answered. Many forms are accepted, but all parts must be there."""

import ast
import json
import re
from dataclasses import dataclass

from acecoder_dagster import AceCoderError
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.python_source import parse_literal, parse_source, unparse
from acecoder_dagster.questions.fenced_blocks import fenced_blocks
from acecoder_dagster.questions.test_suites.call_tests import named_like_builtin

_MAX_REPAIRS = 200
_NEEDED = ("question", "signature", "tests")


@dataclass(frozen=True)
class WrittenQuestion:
    """A question as a model wrote it. `signature` is normalised; `repaired` says that the answer was cut off."""

    question: str
    entry_point: str
    signature: str
    tests: tuple[str, ...]
    repaired: bool = False


class UnusableAnswerError(AceCoderError, ValueError):
    """An answer holds no question: the reason, and what was seen."""

    def __init__(self, reason: Reason, evidence: str) -> None:
        """Take note of the reason and the evidence; the message holds both."""
        super().__init__(f"{reason.meaning}: {evidence}")
        self.reason = reason
        self.evidence = evidence


def read_answer(text: str) -> WrittenQuestion:
    """Return the question in a model's answer.

    The answer may stand in a fenced block, among prose, be a Python literal instead of JSON, or end too early: then the
    tests that are complete count.

    Raises:
        UnusableAnswerError: there is no such object in it, a part is missing or of another kind, or the signature is no
            function's.
    """
    if not text.strip():
        raise UnusableAnswerError(Reason.EMPTY_ANSWER, "")
    found, repaired = _object(text)
    if found is None:
        raise UnusableAnswerError(Reason.NO_JSON_OBJECT, text[:300])
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise UnusableAnswerError(
            Reason.MISSING_PARTS, f"no {', '.join(missing)}; found: {', '.join(map(str, found)) or 'nothing'}"
        )
    question, signature, tests = (found[name] for name in _NEEDED)
    if not isinstance(question, str) or not question.strip():
        raise UnusableAnswerError(Reason.NO_QUESTION, f"{question!r:.200}")
    if not isinstance(tests, list) or not all(isinstance(test, str) for test in tests):
        raise UnusableAnswerError(Reason.TESTS_NOT_TEXTS, f"{tests!r:.200}")
    if not tests:
        raise UnusableAnswerError(Reason.NO_TESTS, "")
    entry_point, normal = _signature(signature)
    return WrittenQuestion(_with_signature(question, normal), entry_point, normal, tuple(tests), repaired)


def _object(text: str) -> tuple[dict[str, object] | None, bool]:
    """Return the first object that can be read and whether its end had to be made up."""
    fenced = [block.text for block in fenced_blocks(text.replace("\r\n", "\n")) if block.language in {"", "json"}][:1]
    for candidate in [text, *fenced]:
        start = candidate.find("{")
        while start >= 0:
            try:
                found, _ = json.JSONDecoder(strict=False).raw_decode(candidate, start)
            except (ValueError, RecursionError):
                found = None
            if isinstance(found, dict) and set(_NEEDED) & set(found):
                return found, False
            start = candidate.find("{", start + 1)
    for candidate in [*fenced, text]:
        literal = _python_literal(candidate)
        if literal is not None:
            return literal, False
    return _repaired(text)


def _python_literal(text: str) -> dict[str, object] | None:
    try:
        found = parse_literal(text[text.index("{") : text.rindex("}") + 1])
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _repaired(text: str) -> tuple[dict[str, object] | None, bool]:
    """Close an answer that ends too early after its last complete test."""
    start = text.find("{")
    end = len(text)
    for _ in range(_MAX_REPAIRS if start >= 0 else 0):
        end = text.rfind('"', start, end)
        if end < 0:
            break
        try:
            found = json.loads(text[start : end + 1] + "]}", strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and "tests" in found:
            return found, True
    return None, False


def _signature(signature: object) -> tuple[str, str]:
    """Return the function's name and its signature as Python writes it."""
    text = str(signature).strip().strip("`").removeprefix("def ").rstrip(": \n")
    try:
        (function,) = parse_source(f"def {text}: pass").body
    except (SyntaxError, ValueError):
        raise UnusableAnswerError(Reason.NO_SIGNATURE, f"{signature!r:.200}") from None
    if not isinstance(function, ast.FunctionDef):
        raise UnusableAnswerError(Reason.NO_SIGNATURE, f"{signature!r:.200}")
    if named_like_builtin(function.name):
        raise UnusableAnswerError(Reason.BUILTIN_NAME, function.name)
    returns = f" -> {unparse(function.returns)}" if function.returns else ""
    return function.name, f"{function.name}({unparse(function.args)}){returns}"


def _with_signature(question: str, signature: str) -> str:
    """State the exact signature where the question does not."""
    stated = re.sub(r"\s+", "", signature) in re.sub(r"\s+", "", question)
    return question.strip() + ("" if stated else f"\n\nWrite it as `def {signature}`.")
