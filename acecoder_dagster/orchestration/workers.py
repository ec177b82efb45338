"""Starting worker processes through Dagster Pipes."""

import os
import sys
from typing import Any

import dagster as dg
from pydantic import BaseModel

from acecoder_dagster.orchestration.resources import Project

ACCELERATOR_POOL = "accelerator"
"""Pool of the steps that use the GPU (or, without one, all cores); its limit is machine.trainings_at_once."""

WORKER_ENVIRONMENT = {
    # Keeps libraries' bars and warnings out of the terminal: progress is told by the worker.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TQDM_DISABLE": "1",
    "PYTHONWARNINGS": "ignore",
}


def run_worker(context: dg.AssetExecutionContext, project: Project, specification: BaseModel) -> dict[str, Any]:
    """Run a worker task in a process of its own and return the figures it reported.

    Raises:
        Failure: the worker ended with an error; its own message is in the log above.
    """
    folder = project.home.scratch
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{context.run_id}-{context.op_execution_context.op.name}.json"
    path.write_text(specification.model_dump_json(indent=1), encoding="utf-8")
    client = dg.PipesSubprocessClient(termination_timeout_seconds=20)
    completed = client.run(
        context=context.op_execution_context,
        command=[sys.executable, "-m", "acecoder_dagster.workers", str(path), str(os.getpid())],
        env=WORKER_ENVIRONMENT,
    )
    messages = [message for message in completed.get_custom_messages() if "figures" in message]
    if not messages:
        raise dg.Failure(f"{specification.__class__.__name__} reported no figures: see its output in the log")
    path.unlink(missing_ok=True)
    figures: dict[str, Any] = messages[-1]["figures"]
    return figures
