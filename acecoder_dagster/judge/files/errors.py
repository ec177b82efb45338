"""What is wrong with files that are to be judged."""

from collections.abc import Sequence

from acecoder_dagster import AceCoderError

SHOWN = 20
"""How many problems a message lists; the rest are counted."""


class JudgeFileError(AceCoderError, ValueError):
    """Programs cannot be judged from these files, or verdicts not be written.

    `problems` holds one sentence per problem, each naming the file, where it can the row, and what to do. Verdicts that
    were known before are kept, and a file of verdicts stays as it was.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        more = len(self.problems) - SHOWN
        lines = [*self.problems[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(f"- {line}" for line in lines) if len(lines) > 1 else "".join(lines))
