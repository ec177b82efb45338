"""Preference pairs for reward models and hard questions for reinforcement learning, chosen by the judge's verdicts.

Belongs here: the rules that choose pairs and questions, and their settings.
Does not belong here: pass rates (verdicts have them), training on the pairs, Dagster.
"""

from acecoder_dagster.learning.preference.groups import preference_groups
from acecoder_dagster.learning.preference.hard import choose_hard_questions
from acecoder_dagster.learning.preference.pairs import PROGRAM_COLUMNS, RESULT_COLUMNS, build_pairs
from acecoder_dagster.learning.preference.probability import right_probabilities
from acecoder_dagster.learning.preference.settings import HardQuestionSettings, PairSettings

__all__ = [
    "PROGRAM_COLUMNS",
    "RESULT_COLUMNS",
    "HardQuestionSettings",
    "PairSettings",
    "build_pairs",
    "choose_hard_questions",
    "preference_groups",
    "right_probabilities",
]
