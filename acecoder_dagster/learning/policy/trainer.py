"""TRL's GRPOTrainer with REINFORCE++, dynamic sampling and packed forward passes; every rollout is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from accelerate import DistributedType, PartialState
from accelerate.utils import FullyShardedDataParallelPlugin
from transformers import PreTrainedModel
from trl import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head

from acecoder_dagster.learning.policy.advantages import subtract_group_mean, token_returns, whiten
from acecoder_dagster.learning.policy.log_probs import packed_log_probs
from acecoder_dagster.learning.policy.rewards import Rewarder, Rollout
from acecoder_dagster.learning.policy.rollouts import Generation, RolloutFiles
from acecoder_dagster.learning.policy.sampler import PolicySampler, Sampler, VllmSampler
from acecoder_dagster.learning.policy.validation import Validation
from acecoder_dagster.learning.policy.weights import plain_weights
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.training.checkpoints import checkpoint_folder, mark_complete
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.training.team import Team

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


class PolicyTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is not followed by mypy
    """Trains a policy. A step draws questions, samples a group of programs for each, rewards them and learns.

    From TRL come the order of the data, the clipped policy loss, the reference model, the optimiser and the
    checkpoints. Ours are the sampling on a CPU, the packed forward pass of the loss, the advantages of REINFORCE++ and
    its variant, and the selection of groups whose rewards vary.

    Processes that train together divide the model (FSDP2, by accelerate). Each samples for its own questions; rewards,
    advantages and the selection of groups are those of the whole step and equal in all processes; then the rows that
    are trained on are shared out anew.

    Args:
        settings: How to train.
        team: The processes that train together.
        rewarder: Rewards rollouts.
        extract_program: Finds the program in a completion.
        sampler: Samples with the current weights; None where vLLM does.
        rollout_files: Where all rollouts are written.
        validation: Validates after steps.
        report: Called with the figures of every step, in the first process.
        reference: The starting policy, where processes have divided it; else TRL has one of its own, if there is a KL.
        **trl: Arguments of GRPOTrainer, except `reward_funcs` and `callbacks`.
    """

    def __init__(
        self,
        *,
        settings: PolicySettings,
        team: Team,
        rewarder: Rewarder,
        extract_program: Callable[[str], str],
        sampler: PolicySampler | None,
        rollout_files: RolloutFiles,
        validation: Validation,
        report: Progress,
        reference: PreTrainedModel | None,
        **trl: Any,  # noqa: ANN401 - passed through
    ) -> None:
        super().__init__(reward_funcs=[self._reward_rollouts], callbacks=[validation], **trl)
        self._policy_settings = settings
        self._team = team
        self._rewarder = rewarder
        self._question_ids: list[str] = []
        self._extract_program = extract_program
        self._sampler: Sampler = sampler or VllmSampler(self.vllm_generation, team)
        if self.use_vllm and settings.lora_rank:
            # TRL's way merges adapters into rounded weights and takes them out again, which changes them bit by bit.
            self.vllm_generation._iter_named_params = lambda: plain_weights(self.model)
        validation.sample_with(self._sampler)
        self._rollout_files = rollout_files
        self._report = report
        self._figures: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._validation = validation
        self._buffered_inputs: list[dict[str, torch.Tensor]] | None = None
        self.beta: float = settings.kl_coefficient
        if reference is not None:
            add_fused_lm_head(reference, temperature=self.temperature, outputs=("log_probs",))
            self.ref_model = reference

    def create_accelerator_and_postprocess(self) -> None:
        """Let accelerate divide the model on CPUs too, which it does of itself only on accelerators."""
        super().create_accelerator_and_postprocess()
        state = self.accelerator.state
        if state.distributed_type == DistributedType.MULTI_CPU:
            plugin = FullyShardedDataParallelPlugin(**self.args.fsdp_plugin_args)
            if plugin.mixed_precision_policy is not None:
                plugin.set_mixed_precision(self.accelerator.mixed_precision)
            state.distributed_type = PartialState().distributed_type = DistributedType.FSDP
            state.fsdp_plugin = plugin
            self.is_fsdp_enabled = True

    def _steps(self, updates: int) -> int:
        """Return the steps in which so many steps of the optimiser are."""
        return updates // self._policy_settings.updates_per_step

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
        """Sample completions of the current policy; those of vLLM have log-probabilities. Prompts come repeated.

        Prompts and completions are those of this process.
        """
        with self._timed("generate"):
            if self.use_vllm:
                completions: tuple[list[list[int]], list[list[float]]] = super()._generate_single_turn(
                    prompt_ids, images, multimodal_fields, num_generations, **others
                )
                return completions
            self._sampler.load(self.model)
            every = self._of_all(prompt_ids[::num_generations])
            drawn = self._sampler.sample(every, num_generations, f"step {self.state.global_step}", self._begin_judging)
            return self._own(drawn), None

    def _of_all(self, own: list[Any]) -> list[Any]:
        """Return the rows of all processes in their order."""
        return [row for part in self._team.gather(own) for row in part]

    def _own(self, rows: list[Any]) -> list[Any]:
        """Return this process's part of the rows of a generation."""
        size = len(rows) // self._team.size
        return rows[self._team.rank * size : (self._team.rank + 1) * size]

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
        """Return the rewards of this process's rollouts; this is TRL's reward function."""
        with self._timed("reward"):
            own = zip(question_id, prompts, map(self._extract_program, completions), strict=True)
            endings = [(len(ids), ids[-1] not in self.eos_token_ids) for ids in completion_ids]
            fields, texts, ends = zip(*self._of_all(list(zip(own, completions, endings, strict=True))), strict=True)
            rollouts = [Rollout(*each) for each in fields]
            self._generation = Generation(
                rollouts=rollouts,
                completions=list(texts),
                token_counts=[count for count, _ in ends],
                truncated=[is_truncated for _, is_truncated in ends],
                rewards=self._rewarder(rollouts),
            )
        return self._own(self._generation.rewards.rewards)

    # Advantages and groups

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Return a generation with the advantages of the algorithm, and only the groups that are trained on.

        It is the generation of all processes, in each of them.
        """
        self._question_ids = self._of_all([each["question_id"] for each in inputs])
        batch = self._of_all_processes(super()._generate_and_score_completions(inputs))
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

    def _of_all_processes(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return the rows of all processes in their order: prompts padded on the left, completions on the right."""
        if self._team.size == 1:
            return batch

        def padded(name: str, values: torch.Tensor) -> torch.Tensor:
            filling = self.processing_class.pad_token_id if name.endswith("ids") else 0
            filled: torch.Tensor = self.accelerator.pad_across_processes(
                values, dim=1, pad_index=filling, pad_first=name.startswith("prompt")
            )
            return filled

        of_rows = {name: padded(name, values) for name, values in batch.items() if values.dim()}
        gathered: dict[str, torch.Tensor] = self.accelerator.gather(of_rows)
        return gathered

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
            updates = self._policy_settings.updates_per_step
            passes = self.args.steps_per_generation // updates * self._team.size
            every = [part for update in _split_rows(batch, updates) for part in _split_rows(update, passes)]
            self._buffered_inputs = every[self._team.rank :: self._team.size]
        inputs: dict[str, torch.Tensor] = self._buffered_inputs[forward]
        return inputs

    def _log_ratios(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the log ratio of each token: its log-probability now, minus that of the starting policy."""
        ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)
        mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
        width = batch["completion_ids"].shape[1]
        own = self._equal_share(len(ids))
        with torch.no_grad():
            log_probs, _, _ = self._get_per_token_logps_and_entropies(self.model, ids[own], mask[own], width)
        every: torch.Tensor = self.accelerator.gather(log_probs)
        return every[: len(ids)] - batch["ref_per_token_logps"]

    def _equal_share(self, rows: int) -> torch.Tensor:
        """Return the positions of this process's rows, equally many in each process: the last ones may repeat a group.

        All make the same number of forward passes, because they wait for each other in every layer.
        """
        groups = torch.arange(rows).view(-1, self.num_generations)
        size = -(-len(groups) // self._team.size)
        places = torch.arange(self._team.rank * size, (self._team.rank + 1) * size).clamp(max=len(groups) - 1)
        return groups[places].flatten()

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
            # Gradients become the mean over processes; an update has a part of the tokens.
            share = coefficient * self._team.size * self._policy_settings.updates_per_step
            loss = loss + share * k2.sum() / inputs["num_items_in_batch"].clamp(min=1)
        return loss

    # Records

    def _keep_rollouts(self, rows: torch.Tensor, batch: dict[str, torch.Tensor], kl: torch.Tensor | None) -> None:
        mask = batch["completion_mask"].float()
        step = self._steps(self.state.global_step) + 1
        advantages = _by_row(rows, batch["advantages"], mask)
        kls = _by_row(rows, kl, mask) if kl is not None else {}
        table = self._generation.table(step, self.num_generations, advantages, kls)
        if self._team.is_first:
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
        if "loss" not in logs or not self._team.is_first:
            return
        seconds = {f"seconds_{phase}": spent for phase, spent in self._seconds.items()}
        figures = {ours: logs[theirs] for ours, theirs in _TRL_FIGURES.items() if logs.get(theirs) is not None}
        seconds_of_step = logs["step_time"] * self._policy_settings.updates_per_step
        figures["seconds_train"] = seconds_of_step - sum(self._seconds.values())
        self._report(
            self._steps(self.state.global_step),
            self._policy_settings.steps,
            figures | self._figures | seconds | self._validation.latest,
        )
        self._validation.latest = {}

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self._team.is_first:
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
