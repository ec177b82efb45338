"""How good the tests are: measured on questions with known answers, with intervals, against what is required.

Such questions (calibration questions) have official tests and reference programs. They go through the same stages as
all others, but their official tests decide nothing there: they only tell, here, which programs are right.
Belongs here: what is measured and how. Does not belong here: choosing tests (`choosing`), Dagster.
"""

from acecoder_dagster.questions.test_suites.quality.calibration import program_tallies, separate_labels
from acecoder_dagster.questions.test_suites.quality.certificate import certificate, error_rates
from acecoder_dagster.questions.test_suites.quality.error_rates import FAILURES, ErrorRates, failure_group
from acecoder_dagster.questions.test_suites.quality.executions import execution_tallies
from acecoder_dagster.questions.test_suites.quality.settings import QualitySettings
from acecoder_dagster.questions.test_suites.quality.tallies import Tally, ratio_interval

__all__ = [
    "FAILURES",
    "ErrorRates",
    "QualitySettings",
    "Tally",
    "certificate",
    "error_rates",
    "execution_tallies",
    "failure_group",
    "program_tallies",
    "ratio_interval",
    "separate_labels",
]
