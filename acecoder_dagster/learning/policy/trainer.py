"""TRL's GRPOTrainer with REINFORCE++, dynamic sampling and packed forward passes; every rollout is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from trl import GRPOConfig, GRPOTrainer

from acecoder_dagster.learning.policy.advantages import subtract_group_mean, token_returns, whiten
from acecoder_dagster.learning.policy.log_probs import packed_log_probs
from acecoder_dagster.learning.policy.rewards import Rewarder, Rollout
from acecoder_dagster.learning.policy.rollouts import Generation, RolloutFiles
from acecoder_dagster.learning.policy.sampler import PolicySampler
from acecoder_dagster.learning.policy.validation import Validation
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.training.checkpoints import checkpoint_folder, mark_complete
from acecoder_dagster.learning.training.device import pick_device, wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings

_TRL_FIGURES = {
    "loss": "loss",
    "reward": "reward",
    "entropy": "entropy",
    "kl": "kl",
    "gradient_norm": "grad_norm",
    "completion_tokens": "completions/mean_length",
    "truncated": "completions/clipped_ratio",
}
"""Names of our figures, and TRL's names for them."""

_SAME = 1e-6
"""The rewards of a group are equal if they differ by less than this."""


def trainer_arguments(folder: Path, settings: PolicySettings) -> GRPOConfig:
    """Return TRL's arguments: one generation per optimiser step, so that every update is on-policy."""
    device = pick_device()
    drawn = settings.questions_drawn * settings.completions_per_prompt
    forwards = _forwards_per_step(settings, drawn)
    return GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=drawn // forwards,
        steps_per_generation=forwards,
        gradient_accumulation_steps=forwards,
        num_generations=settings.completions_per_prompt,
        max_completion_length=settings.max_completion_tokens,
        temperature=settings.temperature,
        max_steps=settings.steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=settings.warmup_steps,
        max_grad_norm=settings.max_gradient_norm,
        weight_decay=0.0,
        adam_beta2=0.95,
        beta=settings.kl_coefficient,
        loss_type="dapo",
        scale_rewards="group",
        shuffle_dataset=False,
        mask_truncated_completions=True,
        gradient_checkpointing=settings.gradient_checkpointing,
        use_vllm=settings.generation != "transformers",
        vllm_mode="server" if settings.generation == "vllm_server" else "colocate",
        vllm_gpu_memory_utilization=settings.vllm_memory_share,
        vllm_server_base_url=settings.vllm_server,
        bf16=wants_bfloat16(settings.precision, device),
        use_cpu=device.type == "cpu",
        seed=settings.seed,
        save_steps=settings.checkpoint_every,
        save_total_limit=2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        log_completions=False,
    )


def _forwards_per_step(settings: PolicySettings, drawn: int) -> int:
    """Return the smallest number of forward passes of at most `rows_per_forward` rows that divides the generation."""
    trained = settings.prompts_per_step * settings.completions_per_prompt
    forwards = -(-trained // settings.rows_per_forward)
    while drawn % forwards:
        forwards += 1
    return forwards


class PolicyTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is not followed by mypy
    """Trains a policy. A step draws questions, samples a group of programs for each, rewards them and learns.

    From TRL come the order of the data, the clipped policy loss, the reference model, the optimiser and the
    checkpoints. Ours are the sampling on a CPU, the packed forward pass of the loss, the advantages of REINFORCE++ and
    its variant, and the selection of groups whose rewards vary.

    Args:
        settings: How to train.
        rewarder: Rewards rollouts.
        extract_program: Finds the program in a completion.
        sampler: Samples with the current weights.
        rollout_files: Where all rollouts are written.
        validation: Validates after steps.
        report: Called with the figures of every step.
        **trl: Arguments of GRPOTrainer, except `reward_funcs` and `callbacks`.
    """

    def __init__(
        self,
        *,
        settings: PolicySettings,
        rewarder: Rewarder,
        extract_program: Callable[[str], str],
        sampler: PolicySampler,
        rollout_files: RolloutFiles,
        validation: Validation,
        report: Progress,
        **trl: Any,  # noqa: ANN401 - passed through
    ) -> None:
        super().__init__(reward_funcs=[self._reward_rollouts], callbacks=[validation], **trl)
        self._policy_settings = settings
        self._rewarder = rewarder
        self._question_ids: list[str] = []
        self._extract_program = extract_program
        self._sampler = sampler
        self._rollout_files = rollout_files
        self._report = report
        self._figures: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._validation = validation
        self._buffered_inputs: list[dict[str, torch.Tensor]] | None = None
        self.beta: float = settings.kl_coefficient

    # Sampling

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, object]]:
        """Return the tokens of prompts as every other part of the project has them; there are no images."""
        return encode_prompts(self.processing_class, prompts), None, {}

    def _generate_single_turn(
        self,
        prompt_ids: list[list[int]],
        images: object,
        multimodal_fields: object,
        num_generations: int,
        **others: object,
    ) -> tuple[list[list[int]], list[list[float]] | None]:
        """Sample completions of the current policy; those of vLLM have log-probabilities. Prompts come repeated."""
        with self._timed("generate"):
            if self.use_vllm:
                completions: tuple[list[list[int]], list[list[float]]] = super()._generate_single_turn(
                    prompt_ids, images, multimodal_fields, num_generations, **others
                )
                return completions
            self._sampler.load(self.accelerator.unwrap_model(self.model))
            return self._sampler.sample(
                prompt_ids[::num_generations], num_generations, f"step {self.state.global_step}", self._begin_judging
            ), None

    def _begin_judging(self, index: int, completion_ids: list[int]) -> None:
        completion = self.processing_class.decode(completion_ids, skip_special_tokens=True)
        self._rewarder.begin(self._question_ids[index], self._extract_program(completion))

    # Rewards

    def _reward_rollouts(
        self,
        *,
        prompts: list[str],
        completions: list[str],
        completion_ids: list[list[int]],
        question_id: list[str],
        **_: object,
    ) -> list[float | None]:
        """Return the rewards of a generation; this is TRL's reward function."""
        with self._timed("reward"):
            programs = [self._extract_program(completion) for completion in completions]
            rollouts = [Rollout(*fields) for fields in zip(question_id, prompts, programs, strict=True)]
            self._generation = Generation(
                rollouts=rollouts,
                completions=completions,
                token_counts=[len(ids) for ids in completion_ids],
                truncated=[ids[-1] not in self.eos_token_ids for ids in completion_ids],
                rewards=self._rewarder(rollouts),
            )
        return self._generation.rewards.rewards

    # Advantages and groups

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return a generation with the advantages of the algorithm, and only the groups that are trained on."""
        self._question_ids = [each["question_id"] for each in inputs]
        batch = super()._generate_and_score_completions(inputs)
        rewards = torch.tensor(
            [float("nan") if reward is None else reward for reward in self._generation.rewards.rewards],
            device=batch["completion_ids"].device,
        )
        kept = self._groups_to_train(rewards)
        group_rows = torch.arange(len(rewards), device=rewards.device).view(-1, self.num_generations)
        rows = group_rows[kept].flatten()
        batch = {name: value[rows] if value.dim() else value for name, value in batch.items()}
        rewarded = (~rewards[rows].isnan())[:, None]
        batch["completion_mask"] = batch["completion_mask"] * rewarded
        kl = self._log_ratios(batch) if self.beta else None
        if self._policy_settings.algorithm != "grpo":
            batch["advantages"] = self._reinforce_pp_advantages(rewards, rows, batch["completion_mask"].float(), kl)
        batch["num_items_in_batch"] = batch["completion_mask"].sum()
        self._keep_rollouts(rows, batch, kl)
        return batch

    def _groups_to_train(self, rewards: torch.Tensor) -> torch.Tensor:
        """Return the positions of the groups to train on: the first ones whose rewards vary, but at least one.

        Without a group baseline (`reinforce_pp`) a group with equal rewards teaches too, so none is dropped.
        """
        groups = rewards.view(-1, self.num_generations)
        wanted = self._policy_settings.prompts_per_step
        if self._policy_settings.algorithm == "reinforce_pp":
            return torch.arange(wanted, device=rewards.device)
        spread = groups.nan_to_num(nan=-torch.inf).amax(1) - groups.nan_to_num(nan=torch.inf).amin(1)
        varied = (spread > _SAME).nonzero()[:, 0][:wanted]
        return varied if len(varied) else torch.zeros(1, dtype=torch.long, device=rewards.device)

    def _reinforce_pp_advantages(
        self, rewards: torch.Tensor, rows: torch.Tensor, mask: torch.Tensor, kl: torch.Tensor | None
    ) -> torch.Tensor:
        if self._policy_settings.algorithm == "reinforce_pp_baseline":
            baselined = subtract_group_mean(rewards, self.num_generations)[rows]
            return whiten(token_returns(baselined.nan_to_num(), mask, None, 0.0), mask)
        return whiten(token_returns(rewards[rows].nan_to_num(), mask, kl, self.beta), mask)

    # The loss

    def _prepare_inputs(self, generation_batch: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Sample at the start of a step, then return its forward passes one after another."""
        forward = self._step % self.args.steps_per_generation
        if forward == 0 or self._buffered_inputs is None:
            batch = self._generate_and_score_completions(generation_batch)
            self._buffered_inputs = _split_rows(batch, self.args.steps_per_generation)
        inputs: dict[str, torch.Tensor] = self._buffered_inputs[forward]
        return inputs

    def _log_ratios(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the log ratio of each token: its log-probability now, minus that of the starting policy."""
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
        width = batch["completion_ids"].shape[1]
        with torch.no_grad():
            log_probs, _, _ = self._get_per_token_logps_and_entropies(self.model, ids, mask, width)
        return log_probs - batch["ref_per_token_logps"]

    def _get_per_token_logps_and_entropies(
        self,
        model: torch.nn.Module,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        logits_to_keep: int,
        **_: object,
    ) -> tuple[torch.Tensor, torch.Tensor, None]:
        """Return log-probabilities and entropies per token as TRL does, but from packed forward passes."""
        # Without gradients TRL asks for a whole generation at once, which is many forward passes of the loss.
        size = len(input_ids) if torch.is_grad_enabled() else self._policy_settings.rows_per_forward
        with self.accelerator.autocast():
            parts = [
                packed_log_probs(model, ids, mask, logits_to_keep)
                for ids, mask in zip(input_ids.split(size), attention_mask.split(size), strict=True)
            ]
        self._log_probs, entropies = (torch.cat(of_rows) for of_rows in zip(*parts, strict=True))
        return self._log_probs, entropies, None

    def _compute_loss(self, model: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return TRL's loss, with the KL of the algorithm."""
        if not self.beta or self._policy_settings.algorithm == "grpo":
            return super()._compute_loss(model, inputs)
        coefficient, self.beta = self.beta, 0.0
        try:
            loss = super()._compute_loss(model, inputs)
        finally:
            self.beta = coefficient
        if self._policy_settings.algorithm == "reinforce_pp_baseline":
            log_ratio = self._log_probs - inputs["ref_per_token_logps"]
            k2 = 0.5 * log_ratio.square() * inputs["completion_mask"]
            loss = loss + coefficient * k2.sum() / inputs["num_items_in_batch"].clamp(min=1)
        return loss

    # Records

    def _keep_rollouts(self, rows: torch.Tensor, batch: dict[str, torch.Tensor], kl: torch.Tensor | None) -> None:
        mask = batch["completion_mask"].float()
        step = self.state.global_step + 1
        advantages = _by_row(rows, batch["advantages"], mask)
        kls = _by_row(rows, kl, mask) if kl is not None else {}
        table = self._generation.table(step, self.num_generations, advantages, kls)
        self._rollout_files.write(step, table)
        self._figures = {"kept_groups": len(rows) / self.num_generations}
        pass_rates = table["pass_rate"].drop_nulls()
        if len(pass_rates):
            self._figures["pass_rate"] = fmean(pass_rates)
            self._figures["pass_at_1"] = fmean(pass_rates == 1.0)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._seconds[phase] = time.perf_counter() - started

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Report the figures of a step."""
        super().log(logs, start_time)
        if "loss" not in logs:
            return
        seconds = {f"seconds_{phase}": spent for phase, spent in self._seconds.items()}
        figures = {ours: logs[theirs] for ours, theirs in _TRL_FIGURES.items() if logs.get(theirs) is not None}
        figures["seconds_train"] = logs["step_time"] - sum(self._seconds.values())
        self._report(
            self.state.global_step,
            self.args.max_steps,
            figures | self._figures | seconds | self._validation.latest,
        )
        self._validation.latest = {}

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:
        super()._save_checkpoint(model, trial)
        mark_complete(checkpoint_folder(Path(self.args.output_dir), self.state.global_step))

    def create_model_card(self, *_: object, **__: object) -> None:
        """Write no model card: the report of the project says more than a generated one."""


def _by_row(rows: torch.Tensor, values: torch.Tensor, mask: torch.Tensor) -> dict[int, float]:
    """Return a value for each row: its own, or the mean over its tokens."""
    if values.dim() == 2:
        values = (values * mask).sum(1) / mask.sum(1).clamp(min=1)
    return dict(zip(rows.tolist(), values.tolist(), strict=True))


def _split_rows(batch: dict[str, torch.Tensor], parts: int) -> list[dict[str, torch.Tensor]]:
    """Cut a batch into forward passes of about equal numbers of neighbouring rows."""
    rows = torch.arange(len(batch["completion_ids"]), device=batch["completion_ids"].device)
    split = []
    for part in rows.tensor_split(parts):
        # With more passes than rows, a pass still needs a row; its mask is empty, so it adds nothing to the loss.
        chosen = part if len(part) else rows[:1]
        forward = {name: value[chosen] if value.dim() else value for name, value in batch.items()}
        if not len(part):
            forward["completion_mask"] = torch.zeros_like(forward["completion_mask"])
        split.append(forward)
    return split
