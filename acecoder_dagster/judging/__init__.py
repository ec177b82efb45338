"""Programs and tests as tables in, verdicts as tables out.

Belongs here: turning rows into jobs of the judge and its verdicts into rows. Does not belong here: how a program is
judged (`sandbox`), which tests are kept (`synthesis`), Dagster.
"""

from acecoder_dagster.judging.calls import ObservedCall, observe_calls
from acecoder_dagster.judging.tables import judge_table, question_tests

__all__ = ["ObservedCall", "judge_table", "observe_calls", "question_tests"]
