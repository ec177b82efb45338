"""Which tests of a question are kept: by verdicts of oracles, by agreement, few that refuse what all of them refuse."""

from acecoder_dagster.questions.test_suites.choosing.agreement import Agreement, Ballot, agree
from acecoder_dagster.questions.test_suites.choosing.fewest_tests import SuiteMatrix, strongest_suite
from acecoder_dagster.questions.test_suites.choosing.filtering import FilteredTests, filter_tests
from acecoder_dagster.questions.test_suites.choosing.mutants import mutants
from acecoder_dagster.questions.test_suites.choosing.oracles import reference_oracles
from acecoder_dagster.questions.test_suites.choosing.pass_table import PassTable, make_pass_table
from acecoder_dagster.questions.test_suites.choosing.policies import TestPolicy
from acecoder_dagster.questions.test_suites.choosing.shrinking import shrink_suites, writers_trust
from acecoder_dagster.questions.test_suites.choosing.strengthening import Strengthened, strengthen_suites

__all__ = [
    "Agreement",
    "Ballot",
    "FilteredTests",
    "PassTable",
    "Strengthened",
    "SuiteMatrix",
    "TestPolicy",
    "agree",
    "filter_tests",
    "make_pass_table",
    "mutants",
    "reference_oracles",
    "shrink_suites",
    "strengthen_suites",
    "strongest_suite",
    "writers_trust",
]
