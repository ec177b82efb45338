"""The micro task family: small Python questions made by composing primitives, and a noisy corpus about them.

It stands in for everything that needs a large model elsewhere: questions with known right programs, and a
pretraining corpus as buggy as code found in the wild. Held-out questions share no composition of primitives
with training ones, so that what is measured on them is generalisation.
"""

from acecoder_dagster.questions.micro.corpus import NoisyProgram, noisy_programs
from acecoder_dagster.questions.micro.settings import MicroSettings
from acecoder_dagster.questions.micro.tasks import ENTRY_POINT, Split, Task, generate_tasks, split_of

__all__ = [
    "ENTRY_POINT",
    "MicroSettings",
    "NoisyProgram",
    "Split",
    "Task",
    "generate_tasks",
    "noisy_programs",
    "split_of",
]
