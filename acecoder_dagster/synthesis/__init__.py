"""From seed code to questions and tests: the rules, on tables.

Belongs here: how questions are made from seeds, how tests are made from observed values, which tests are kept.
Does not belong here: running programs (`sandbox`, `judging`), Dagster.
"""

from acecoder_dagster.synthesis.documented import documented_questions
from acecoder_dagster.synthesis.executed import execute_inputs, observing_sandbox
from acecoder_dagster.synthesis.filtering import FilteredTests, filter_tests
from acecoder_dagster.synthesis.oracles import reference_oracles
from acecoder_dagster.synthesis.procedural import procedural_questions, procedural_seeds
from acecoder_dagster.synthesis.writing import WrittenTests, write_tests

__all__ = [
    "FilteredTests",
    "WrittenTests",
    "documented_questions",
    "execute_inputs",
    "filter_tests",
    "observing_sandbox",
    "procedural_questions",
    "procedural_seeds",
    "reference_oracles",
    "write_tests",
]
