"""Keeping benchmarks out of what models are trained on: by words, by likeness of code, and by execution.

Belongs here: reading benchmarks, finding seeds and imported questions that come from one, the evidence. Does not belong
here: what happens to seeds (`graph`), how programs run (`judge`), Dagster.
"""

from acecoder_dagster.questions.decontamination.benchmarks import Benchmarks, read_benchmarks
from acecoder_dagster.questions.decontamination.execution import executing_sandbox, passes_tests
from acecoder_dagster.questions.decontamination.finding import Contamination, contaminated_seeds, find_contamination
from acecoder_dagster.questions.decontamination.imports import without_contaminated
from acecoder_dagster.questions.decontamination.settings import DecontaminationSettings

__all__ = [
    "Benchmarks",
    "Contamination",
    "DecontaminationSettings",
    "contaminated_seeds",
    "executing_sandbox",
    "find_contamination",
    "passes_tests",
    "read_benchmarks",
    "without_contaminated",
]
