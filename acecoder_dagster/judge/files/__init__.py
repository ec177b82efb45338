"""Programs and tests as tables or files in, verdicts as tables or files out.

Belongs here: turning rows into jobs of the judge and its verdicts into rows. Does not belong here: how a program is
judged (`sandbox`), which tests are kept (`synthesis`), Dagster.
"""

from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.judge.files.judge_files import JudgedFiles, judge_files

__all__ = [
    "JudgeFileError",
    "JudgedFiles",
    "judge_files",
]
