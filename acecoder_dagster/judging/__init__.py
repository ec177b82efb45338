"""Programs and tests as tables or files in, verdicts as tables or files out.

Belongs here: turning rows into jobs of the judge and its verdicts into rows. Does not belong here: how a program is
judged (`sandbox`), which tests are kept (`synthesis`), Dagster.
"""

from acecoder_dagster.judging.calls import ObservedCall, observe_calls
from acecoder_dagster.judging.errors import JudgeFileError
from acecoder_dagster.judging.files import JudgedFiles, judge_files
from acecoder_dagster.judging.tables import judge_outcomes, judge_table, question_tests

__all__ = [
    "JudgeFileError",
    "JudgedFiles",
    "ObservedCall",
    "judge_files",
    "judge_outcomes",
    "judge_table",
    "observe_calls",
    "question_tests",
]
