"""The file formats that can be imported, and how a file's format is recognised: by its columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from acecoder_dagster.files import FileColumn, ImportFileError, Problems, Source
from acecoder_dagster.questions.importing import acecode, bigcodebench, humaneval, interchange, livecodebench, mbpp
from acecoder_dagster.questions.importing.interchange import Contents

Role = Literal["questions", "generated tests", "programs"]


@dataclass(frozen=True)
class Format:
    """One format: the columns that identify it and how its rows become rows of the interchange schema."""

    name: str
    role: Role
    columns: tuple[FileColumn, ...]
    convert: Callable[[pl.DataFrame, str], Contents]

    def missing(self, column_names: set[str]) -> list[str]:
        """Return the required columns that a file with these columns lacks."""
        return [column.name for column in self.columns if column.required and column.name not in column_names]


FORMATS = (
    Format("acecoder questions", "questions", interchange.QUESTION_COLUMNS, interchange.convert_questions),
    Format("HumanEval", "questions", humaneval.COLUMNS, humaneval.convert),
    Format("MBPP", "questions", mbpp.FULL_COLUMNS, mbpp.convert_full),
    Format("MBPP sanitized", "questions", mbpp.SANITIZED_COLUMNS, mbpp.convert_sanitized),
    Format("BigCodeBench", "questions", bigcodebench.COLUMNS, bigcodebench.convert),
    Format("LiveCodeBench", "questions", livecodebench.COLUMNS, livecodebench.convert),
    Format("AceCode-87K", "questions", acecode.COLUMNS, acecode.convert),
    Format("acecoder generated tests", "generated tests", interchange.TEST_COLUMNS, interchange.convert_tests),
    Format("acecoder programs", "programs", interchange.PROGRAM_COLUMNS, interchange.convert_programs),
)
"""All formats. A file may have further columns, which are not read."""


def recognise(source: Source, role: Role) -> Format:
    """Return the format whose required columns the file has.

    Raises:
        ImportFileError: when there is none for this role, with the columns that are missing, per format.
    """
    fitting = [known for known in FORMATS if not known.missing(source.column_names)]
    for known in fitting:
        if known.role == role:
            return known
    candidates = sorted(
        (known for known in FORMATS if known.role == role), key=lambda f: len(f.missing(source.column_names))
    )
    missing = "; ".join(f"{known.name} lacks {', '.join(known.missing(source.column_names))}" for known in candidates)
    hint = f" It has the columns of {fitting[0].name}: name it under {fitting[0].role}." if fitting else ""
    found = ", ".join(sorted(source.column_names))
    raise ImportFileError(
        [f"{source.name}: no known format of {role}. Missing columns: {missing}. Columns found: {found}.{hint}"]
    )


def read_contents(source: Source, role: Role, problems: Problems) -> Contents | None:
    """Recognise, check and convert a file. None when it has wrong values, which are then among the problems.

    Raises:
        ImportFileError: see `recognise`.
    """
    known = recognise(source, role)
    before = len(problems.found)
    typed = source.typed(known.columns, problems)
    return known.convert(typed, source.name) if len(problems.found) == before else None
