"""Inputs for functions, and what trusted programs return on them.

Belongs here: kinds of values, what a function seems to take, arguments by chance and by mutation, which observed calls
become tests. Does not belong here: running programs (`judge`), writing tests down (`expectations`), Dagster.
"""

from acecoder_dagster.questions.test_suites.inputs.arguments import Arguments, doctest_arguments
from acecoder_dagster.questions.test_suites.inputs.branching import MOST_RUNS, branching_inputs
from acecoder_dagster.questions.test_suites.inputs.mutation import mutated, varied
from acecoder_dagster.questions.test_suites.inputs.observing import observe_given, observe_inputs
from acecoder_dagster.questions.test_suites.inputs.rounds import Observe, Subject
from acecoder_dagster.questions.test_suites.inputs.settings import InputSettings

__all__ = [
    "MOST_RUNS",
    "Arguments",
    "InputSettings",
    "Observe",
    "Subject",
    "branching_inputs",
    "doctest_arguments",
    "mutated",
    "observe_given",
    "observe_inputs",
    "varied",
]
