"""Standard benchmarks as named things, and what programs and models score on them.

- `protocol`, `catalogue`: what a benchmark is, and the files that say so: `protocols/`, `suites/`.
- `tasks`, `reading`: its tasks, from a folder or from the hub.
- `prompts`: how a model is asked, by the text files in `prompts/`.
- `extraction`: the program in an answer.
- `judging`: its tests as the judge takes them, and verdicts.
- `answering`: what a model answers, one that runs here or behind an endpoint.
- `best_of_n`: programs that reward models choose.
- `dependence`: what makes results out of date.
- `programs`, `scores`, `official_files`, `evaluating`: finished programs or a model in; scores and files out.
"""

from acecoder_dagster.evaluation.benchmarks.answering import LocalModel, Model, ServedModel
from acecoder_dagster.evaluation.benchmarks.best_of_n import RewardModels
from acecoder_dagster.evaluation.benchmarks.catalogue import protocol_addresses, read_protocol, read_suite, suite_names
from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.evaluating import Evaluation, evaluate_model, evaluate_programs
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.tasks import read_tasks

__all__ = [
    "BenchmarkError",
    "Evaluation",
    "LocalModel",
    "Model",
    "Protocol",
    "RewardModels",
    "ServedModel",
    "evaluate_model",
    "evaluate_programs",
    "protocol_addresses",
    "read_protocol",
    "read_suite",
    "read_tasks",
    "suite_names",
]
