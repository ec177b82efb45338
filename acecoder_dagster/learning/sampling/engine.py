"""The vLLM engine, on a GPU or on a CPU, in this process."""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from acecoder_dagster.learning.sampling.settings import EngineSettings

if TYPE_CHECKING:
    from vllm import LLMEngine

# vLLM runs in this process: it starts faster, and a worker that is killed leaves no engine behind.
# Its threads are not bound to cores: they would starve where another process uses the same cores.
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}


@contextmanager
def running_engine(model: str, revision: str | None, settings: EngineSettings) -> Iterator["LLMEngine"]:
    """Start vLLM for one model, and free its memory afterwards.

    Args:
        model: Folder or hub id.
        revision: Revision of a hub model.
        settings: Memory, speed and devices.

    Yields:
        The engine.

    Raises:
        OSError: There is no such model.
        ValueError: vLLM cannot run the model with these settings.
    """
    os.environ.update(_ENVIRONMENT)
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(settings.cpu_cache_gib)
    import torch

    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        # vLLM's kernels take their number of threads from OpenMP, which torch sets. The variable keeps vLLM from
        # changing it.
        os.environ["OMP_NUM_THREADS"] = str(settings.cpu_threads)
        torch.set_num_threads(settings.cpu_threads)
        do_without_lscpu()
    # About what vLLM itself asks of torch.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"vllm\.")
    from vllm import EngineArgs, LLMEngine
    from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

    engine = LLMEngine.from_engine_args(
        EngineArgs(
            model=model,
            revision=revision,
            tokenizer_revision=revision,
            trust_remote_code=False,
            dtype=_dtype(settings.dtype),
            max_model_len=settings.max_model_len,
            gpu_memory_utilization=settings.gpu_memory_utilization,
            tensor_parallel_size=settings.tensor_parallel_size,
            max_num_seqs=settings.max_sequences,
            disable_log_stats=True,
            use_tqdm_on_load=False,
            # vLLM 0.31 on a CPU fails where a seeded request's prompt is read in several chunks.
            enable_chunked_prefill=on_gpu,
            # On a CPU, compiling takes longer than most samplings.
            enforce_eager=not on_gpu,
        )
    )
    try:
        yield engine
    finally:
        engine.engine_core.shutdown()
        del engine
        cleanup_dist_env_and_memory()


def do_without_lscpu() -> None:
    """Let vLLM count cores as it does on systems that have no command `lscpu`, where this system has none.

    vLLM 0.31 expects the command on every Linux, and ends with an error where it is missing.
    """
    if shutil.which("lscpu") is None:
        from vllm.utils import cpu_resource_utils

        cpu_resource_utils._get_cpu_list = cpu_resource_utils._synthesize_cpu_list


def _dtype(chosen: str) -> str:
    """Return the type of the weights in vLLM's words."""
    import torch

    from acecoder_dagster.learning.hardware import multiplies_bfloat16

    is_emulated = not torch.cuda.is_available() and not multiplies_bfloat16("cpu")
    return "float32" if chosen == "auto" and is_emulated else chosen
