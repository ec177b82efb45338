"""What TRL is told about a training: sizes of steps, generation, and how several processes divide the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from trl import GRPOConfig

from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.training.device import pick_device, wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.training.team import Team

if TYPE_CHECKING:
    from peft import LoraConfig

HALF_PRECISION = {"param_dtype": torch.bfloat16, "reduce_dtype": torch.float32, "output_dtype": torch.float32}
"""How processes that divide a model compute in bfloat16: gradients and what comes out of it are not rounded."""

_FINAL_SHARE = 0.1
"""Of the learning rate, at the last step of a cosine; as OpenRLHF has it."""


def policy_processes(settings: PolicySettings) -> int:
    """Return the number of processes that train a policy.

    Raises:
        PolicyError: They cannot share the questions of a step, or the GPUs of vLLM.
    """
    processes = settings.processes or max(1, torch.cuda.device_count())
    if pick_device().type == "cuda" and processes > torch.cuda.device_count():
        raise PolicyError(
            f"{processes} processes need a GPU each, but {torch.cuda.device_count()} are visible: lower `processes`."
        )
    if settings.questions_drawn % processes:
        raise PolicyError(
            f"Every step draws {settings.questions_drawn} questions (prompts_per_step times draw_factor), which "
            f"{processes} processes cannot share evenly: change one of these settings, or `processes`."
        )
    if settings.questions_drawn * settings.completions_per_prompt % (processes * settings.updates_per_step):
        raise PolicyError(
            f"The completions of {settings.questions_drawn} questions cannot be divided evenly among {processes} "
            f"processes and updates_per_step = {settings.updates_per_step}: change one of these settings."
        )
    if settings.generation == "vllm_colocate" and processes % settings.vllm_tensor_parallel_size:
        raise PolicyError(
            f"{processes} processes cannot be divided into groups of vllm_tensor_parallel_size = "
            f"{settings.vllm_tensor_parallel_size}: change one of them."
        )
    return processes


def trainer_arguments(folder: Path, settings: PolicySettings, team: Team, longest_prompt: int) -> GRPOConfig:
    """Return TRL's arguments. Its steps are those of the optimiser, of which one generation may have several.

    Args:
        folder: Folder of the checkpoints.
        settings: How to train.
        team: The processes that share every step.
        longest_prompt: Tokens of the longest prompt, of training and validation.
    """
    device = pick_device()
    drawn = settings.questions_drawn * settings.completions_per_prompt
    forwards = _forwards_per_step(settings, drawn, team.size)
    bfloat16 = wants_bfloat16(settings.precision, device)
    arguments = GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=drawn // forwards // team.size,
        steps_per_generation=forwards,
        gradient_accumulation_steps=forwards // settings.updates_per_step,
        num_generations=settings.completions_per_prompt,
        max_completion_length=settings.max_completion_tokens,
        temperature=settings.temperature,
        max_steps=settings.steps * settings.updates_per_step,
        learning_rate=settings.learning_rate,
        **_schedule(settings),
        warmup_steps=settings.warmup_steps * settings.updates_per_step,
        max_grad_norm=settings.max_gradient_norm,
        weight_decay=0.0,
        adam_beta2=0.95,
        beta=0.0 if divides_reference(settings, team) else settings.kl_coefficient,
        loss_type="dapo",
        scale_rewards="group",
        shuffle_dataset=False,
        mask_truncated_completions=True,
        gradient_checkpointing=settings.gradient_checkpointing,
        use_vllm=settings.generation != "transformers",
        vllm_mode="server" if settings.generation == "vllm_server" else "colocate",
        vllm_gpu_memory_utilization=settings.vllm_memory_share,
        vllm_tensor_parallel_size=settings.vllm_tensor_parallel_size,
        vllm_max_model_length=longest_prompt + settings.max_completion_tokens,
        vllm_server_base_url=settings.vllm_server,
        bf16=bfloat16,
        use_cpu=device.type == "cpu",
        seed=settings.seed,
        save_steps=settings.checkpoint_every * settings.updates_per_step,
        save_total_limit=2,
        logging_steps=settings.updates_per_step,
        report_to="none",
        disable_tqdm=True,
        log_completions=False,
        **_divided(team),
    )
    if team.size == 1 and device.type == "cuda":
        # One process trains on one GPU, however many others there are; TRL knows that only from a launcher.
        arguments._n_gpu = 1
    if team.size > 1 and bfloat16:
        # accelerate's own policy would round gradients and, at the end of the model, log-probabilities to bfloat16.
        arguments.fsdp_plugin_args["mixed_precision_policy"] = dict(HALF_PRECISION)
    return arguments


def divides_reference(settings: PolicySettings, team: Team) -> bool:
    """Return whether there is a reference model that several processes divide.

    TRL would load it whole in each of them, and put it together whole for every forward pass.
    """
    return team.size > 1 and settings.kl_coefficient > 0 and not settings.lora_rank


def _schedule(settings: PolicySettings) -> dict[str, Any]:
    """Return the arguments of the learning rate's schedule."""
    if settings.lr_schedule == "constant":
        return {"lr_scheduler_type": "constant_with_warmup"}
    return {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr_rate": _FINAL_SHARE}}


def _divided(team: Team) -> dict[str, Any]:
    """Return the arguments with which accelerate divides weights, gradients and optimiser states (FSDP2)."""
    if team.size == 1:
        return {}
    # The first process hands out the weights; those of the others have no contents before.
    config = {"version": 2, "state_dict_type": "SHARDED_STATE_DICT", "cpu_ram_efficient_loading": True}
    return {"fsdp": True, "fsdp_config": config}


def _forwards_per_step(settings: PolicySettings, drawn: int, processes: int) -> int:
    """Return the forward passes that each process makes for a step, as few as `rows_per_forward` allows.

    All passes of all processes together divide the generation, and every update has equally many.
    """
    trained = settings.prompts_per_step * settings.completions_per_prompt
    forwards = -(-trained // (settings.rows_per_forward * processes))
    while drawn % (forwards * processes) or forwards % settings.updates_per_step:
        forwards += 1
    return forwards


def adapter_config(settings: PolicySettings) -> LoraConfig | None:
    """Return the LoRA adapters that are trained; None where all weights are."""
    if not settings.lora_rank:
        return None
    from peft import LoraConfig, TaskType  # not needed by most trainings

    return LoraConfig(
        r=settings.lora_rank,
        lora_alpha=2 * settings.lora_rank,
        target_modules="all-linear",
        task_type=TaskType.CAUSAL_LM,
    )
