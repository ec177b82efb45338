"""What of the settings stands in the keys of stages: all that rows depend on, by content, and nothing else."""

import json
import tomllib
from collections.abc import Mapping

from pydantic import BaseModel

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.learning.sampling import template_text
from acecoder_dagster.paths import PACKAGE
from acecoder_dagster.settings import Settings, seeded

PERFORMANCE = frozenset(
    {
        "checkpoint_every",
        "engine",
        "gradient_checkpointing",
        "processes",
        "rows_per_forward",
        "threads",
        "tokens_per_forward",
        "vllm_memory_share",
        "vllm_server",
        "vllm_tensor_parallel_size",
    }
)
"""Settings of models that say how fast and in how much memory they work: what is computed differs by rounding alone."""


def what_counts(section: BaseModel) -> dict[str, object]:
    """Return what results depend on in a section of the settings: all but `PERFORMANCE`."""
    return {
        name: what_counts(value) if isinstance(value, BaseModel) else value
        for name, value in section
        if name not in PERFORMANCE
    }


def prompting(settings: Settings) -> dict[str, object]:
    """Return the text of the prompt template, whatever its file is called."""
    return {"prompt": template_text(settings.prompt)}


def shipped_data(file: str) -> str:
    """Return a hash of a data file that comes with the code; of TOML its values count alone.

    Args:
        file: its path in the package.
    """
    text = (PACKAGE / file).read_text(encoding="utf-8")
    return text_id(json.dumps(tomllib.loads(text), sort_keys=True) if file.endswith(".toml") else text)


def scoring_by(settings: Settings, *measured: str) -> dict[str, object]:
    """Return what scores with intervals depend on: how the intervals are drawn, and settings that say what is measured.

    Args:
        settings: all settings.
        measured: names of those settings, in `evaluation`.
    """
    measuring = seeded(settings.evaluation, settings.seed)
    return {"evaluation": measuring.model_dump(include={*measured, "bootstrap_samples", "confidence", "seed"})}


def drawing(settings: Settings) -> dict[str, object]:
    """Return what inputs of functions depend on where they are drawn by chance."""
    usual_texts = shipped_data("questions/test_suites/inputs/usual_texts.txt")
    return {"inputs": settings.inputs.model_dump(mode="json"), "usual_texts": usual_texts, "seed": settings.seed}


def where_programs_run(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Return the limits under which programs run, and the packages that they may import."""
    return {"sandbox": project.settings.sandbox.seen_by_programs()}
