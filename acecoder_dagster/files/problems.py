"""What is wrong with a file that cannot be imported, and what its owner can do."""

from acecoder_dagster import AceCoderError

SHOWN = 20
"""How many problems a message lists; the rest are counted."""

ENOUGH_PROBLEMS = 100
"""A file is not read further after this many problems."""


class ImportFileError(AceCoderError, ValueError):
    """The files cannot be imported; nothing was written.

    `problems` holds one sentence per problem, each naming the file, where it can the row and column, and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = [f"- {problem}" for problem in problems[:SHOWN]]
        if len(problems) > SHOWN:
            lines.append(f"- and {len(problems) - SHOWN} more")
        super().__init__("\n".join(["nothing was imported:", *lines]))


class Problems:
    """Collects problems, so that a user sees them together and not one per attempt."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, file: str, what: str, *, row: int | None = None, column: str | None = None) -> None:
        """Remember one problem. Rows are counted from 1; of a JSONL file they are its lines."""
        place = [file]
        if row is not None:
            place.append(f"row {row}")
        if column is not None:
            place.append(f"column {column}")
        self.found.append(f"{', '.join(place)}: {what}")

    def raise_if_any(self) -> None:
        """Raise an `ImportFileError` when there is any problem."""
        if self.found:
            raise ImportFileError(self.found)
