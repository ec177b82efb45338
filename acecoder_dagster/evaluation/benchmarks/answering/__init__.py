"""What a model answers to the tasks of benchmarks.

- `asked`: what it is asked, once for all benchmarks that share their programs.
- `local`, `served`: it answers here, by vLLM, or behind an OpenAI-compatible endpoint. What was answered is kept.
"""

from acecoder_dagster.evaluation.benchmarks.answering.asked import Asked, Model, asked_together
from acecoder_dagster.evaluation.benchmarks.answering.local import LocalModel
from acecoder_dagster.evaluation.benchmarks.answering.served import ServedModel

__all__ = ["Asked", "LocalModel", "Model", "ServedModel", "asked_together"]
