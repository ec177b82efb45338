"""Standard benchmarks as named things, and what programs and models score on them.

- `protocol`, `catalogue`: what a benchmark is, and the files that say so: `protocols/`, `suites/`.
- `tasks`, `reading`: its tasks, from a folder or from the hub.
- `prompts`: how a model is asked, by the text files in `prompts/`.
- `extraction`: the program in an answer.
- `judging`: its tests as the judge takes them, and verdicts.
- `programs`, `scores`, `official_files`, `evaluating`: finished programs in; scores and files out.
"""

from acecoder_dagster.evaluation.benchmarks.catalogue import protocol_addresses, read_protocol, read_suite, suite_names
from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.evaluating import Evaluation, evaluate_programs
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.tasks import read_tasks

__all__ = [
    "BenchmarkError",
    "Evaluation",
    "Protocol",
    "evaluate_programs",
    "protocol_addresses",
    "read_protocol",
    "read_suite",
    "read_tasks",
    "suite_names",
]
