"""What an attack on a question of its own is."""

from dataclasses import dataclass

from acecoder_dagster.judge import QuestionTests


@dataclass(frozen=True)
class Attack:
    """A hostile program, the question that it attacks, and an honest solution where there is one."""

    program: str
    question: QuestionTests
    honest: str = ""


def asserts(tests: tuple[str, ...], entry_point: str = "solve", setup_code: str = "") -> QuestionTests:
    """Return a question with tests that are statements."""
    return QuestionTests("family", entry_point, setup_code, tests)
