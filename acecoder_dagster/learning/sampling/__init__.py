"""Sampling programs from language models: prompts, the vLLM engine, and the program in a completion.

Belongs here: everything between a question and the programs that a model writes for it. Does not belong here: judging
them. Importing this package loads no engine; `engine` and `sampler` are for worker processes.
"""

from acecoder_dagster.learning.sampling.extraction import extract_program
from acecoder_dagster.learning.sampling.job import SamplingJob
from acecoder_dagster.learning.sampling.prompts import (
    PromptError,
    prompt_columns,
    prompt_templates,
    render_prompts,
    template_text,
)
from acecoder_dagster.learning.sampling.rows import program_rows
from acecoder_dagster.learning.sampling.settings import EngineSettings, SamplingSettings

__all__ = [
    "EngineSettings",
    "PromptError",
    "SamplingJob",
    "SamplingSettings",
    "extract_program",
    "program_rows",
    "prompt_columns",
    "prompt_templates",
    "render_prompts",
    "template_text",
]
