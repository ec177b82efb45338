"""From seed code to questions and tests: the rules, on tables.

Belongs here: how questions are written from seeds, with a model or without, how tests are made from observed values,
which tests are kept.
Does not belong here: running programs (`sandbox`, `judging`), Dagster.
"""

from acecoder_dagster.synthesis.agreement import Agreement, Ballot, agree
from acecoder_dagster.synthesis.calls import CallTest, split_test, value_key
from acecoder_dagster.synthesis.documented import documented_questions
from acecoder_dagster.synthesis.executed import execute_inputs, observing_sandbox
from acecoder_dagster.synthesis.filtering import FilteredTests, filter_tests
from acecoder_dagster.synthesis.imitation import NothingToImitateError, imitable_questions, imitated_programs
from acecoder_dagster.synthesis.model_written import ask_writer, written_questions, written_tests
from acecoder_dagster.synthesis.mutants import mutants
from acecoder_dagster.synthesis.oracles import reference_oracles
from acecoder_dagster.synthesis.power import Power, measure_power
from acecoder_dagster.synthesis.procedural import procedural_questions, procedural_seeds
from acecoder_dagster.synthesis.question_prompts import WriterPromptError, prompt_text
from acecoder_dagster.synthesis.shrinking import SuiteMatrix, strongest_suite
from acecoder_dagster.synthesis.strengthening import Strengthened, strengthen_suites
from acecoder_dagster.synthesis.suites import shrink_suites, writers_trust
from acecoder_dagster.synthesis.types import Policy
from acecoder_dagster.synthesis.writing import WrittenTests, write_tests

__all__ = [
    "Agreement",
    "Ballot",
    "CallTest",
    "FilteredTests",
    "NothingToImitateError",
    "Policy",
    "Power",
    "Strengthened",
    "SuiteMatrix",
    "WriterPromptError",
    "WrittenTests",
    "agree",
    "ask_writer",
    "documented_questions",
    "execute_inputs",
    "filter_tests",
    "imitable_questions",
    "imitated_programs",
    "measure_power",
    "mutants",
    "observing_sandbox",
    "procedural_questions",
    "procedural_seeds",
    "prompt_text",
    "reference_oracles",
    "shrink_suites",
    "split_test",
    "strengthen_suites",
    "strongest_suite",
    "value_key",
    "write_tests",
    "writers_trust",
    "written_questions",
    "written_tests",
]
