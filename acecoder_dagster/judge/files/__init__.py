"""Judges whole files: files of questions and programs in, a file of verdicts out.

Here rows become jobs of the judge, and verdicts become rows. How a program is judged is the other rooms' work.
"""

from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.judge.files.judge_files import JudgedFiles, judge_files
from acecoder_dagster.judge.files.verdict_file import VERDICT_SCHEMA

__all__ = [
    "VERDICT_SCHEMA",
    "JudgeFileError",
    "JudgedFiles",
    "judge_files",
]
