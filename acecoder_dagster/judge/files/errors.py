"""The error of files that cannot be judged."""

from collections.abc import Sequence

from acecoder_dagster import AceCoderError

SHOWN = 20
"""How many problems a message lists; of the others it gives the number."""


class JudgeFileError(AceCoderError, ValueError):
    """Files of questions or programs are wrong, or verdicts cannot be written.

    Verdicts that are known are kept, and the file of verdicts stays as it was.

    Attributes:
        problems: one sentence per problem. It names the file, the row where there is one, and what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        more = len(self.problems) - SHOWN
        lines = [*self.problems[:SHOWN], *([f"and {more} more"] if more > 0 else [])]
        super().__init__("\n".join(f"- {line}" for line in lines) if len(lines) > 1 else "".join(lines))
