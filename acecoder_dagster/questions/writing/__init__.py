"""Questions written from seed functions: from their docstrings, or by a language model."""

from acecoder_dagster.questions.writing.by_model import ask_writer, written_questions, written_tests
from acecoder_dagster.questions.writing.documented import documented_questions
from acecoder_dagster.questions.writing.prompts import WriterPromptError, prompt_text

__all__ = [
    "WriterPromptError",
    "ask_writer",
    "documented_questions",
    "prompt_text",
    "written_questions",
    "written_tests",
]
