"""Rehearsing one step of a training on fake tensors, to count what is alive in each phase of it.

All fake tensors are on a CPU, since torch without CUDA makes no others. What a GPU does differently is done: its
precision, and its way of attention.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial, singledispatch

import torch
from torch import distributed
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import PreTrainedConfig, PreTrainedModel
from trl.trainer.utils import add_fused_lm_head

from acecoder_dagster.learning.attention import PACKED_ATTENTION
from acecoder_dagster.learning.memory.live_tensors import LiveTensors
from acecoder_dagster.learning.memory.trainings import (
    PolicyTraining,
    RewardModelTraining,
    SupervisedTraining,
    TextLengths,
    Training,
)
from acecoder_dagster.learning.policy.arguments import adapter_config
from acecoder_dagster.learning.policy.generation import Sampling, rehearse_sampling
from acecoder_dagster.learning.policy.log_probs import forward_row
from acecoder_dagster.learning.policy.weights import ADAPTER
from acecoder_dagster.learning.pretrained import untrained_causal_model, untrained_classifier
from acecoder_dagster.learning.reward_model.packing import PackedGroup, PackedRow, PackedScorer, pack
from acecoder_dagster.learning.reward_model.training import add_adapters
from acecoder_dagster.learning.training.device import wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings, Precision
from acecoder_dagster.learning.training.supervised import loss_at

WEIGHTS, GRADIENTS, STATES = "weights", "gradients", "optimiser states"
REFERENCE, SAMPLER, SCORER = "reference model", "copy for sampling", "reward model"
SAMPLING, SCORING = "sampling", "scoring"
"""Phases in which there are no gradients."""


@dataclass
class Rehearsed:
    """What a step needs on one device, in bytes.

    Attributes:
        peaks: Most that is alive at the same time, in each phase.
        parts: What is alive in all of them, or in those in which weights are trained.
        weights: Number of weights of the trained model, before it is divided.
    """

    peaks: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    weights: int = 0


@dataclass(frozen=True)
class Architectures:
    """Configurations of the models of a training: the trained one, and the reward model of a policy."""

    trained: PreTrainedConfig
    reward_model: PreTrainedConfig | None = None


@singledispatch
def rehearse(training: Training, architectures: Architectures, *, on_gpu: bool) -> Rehearsed:
    """Rehearse a step of a training as one of its processes sees it.

    Weights, gradients and states of the optimiser are there before the step, as they are in the middle of a training.

    Args:
        training: What is trained, and how.
        architectures: Of its models.
        on_gpu: Whether it is to run on GPUs.
    """
    raise TypeError(f"no rehearsal takes a {type(training).__name__}")


@rehearse.register
def _(training: RewardModelTraining, architectures: Architectures, *, on_gpu: bool) -> Rehearsed:
    stage = _Stage(training.precision, on_gpu=on_gpu)
    row = stage.packed(
        architectures.trained, training.lengths, training.programs_per_prompt, training.tokens_per_forward
    )
    with torch.device("meta"):
        scorer = _scorer(architectures.trained)
        if training.lora_rank:
            add_adapters(scorer, training.lora_rank)
    if training.gradient_checkpointing:
        scorer.model.gradient_checkpointing_enable({"use_reentrant": False})
    scorer.train()
    with _processes(training.processes) as mesh, stage.counting() as live:
        _fill(scorer)
        _divide(scorer, _layers(scorer.model), mesh)
        optimizer = stage.optimizer(scorer)
        with stage.phases(scorer.model), stage.autocast():
            scores = scorer(row)
        scores.sum().backward()
        live.begin("optimiser")
        optimizer.step()
    return stage.rehearsed


@rehearse.register
def _(training: PolicyTraining, architectures: Architectures, *, on_gpu: bool) -> Rehearsed:
    stage = _Stage(training.precision, on_gpu=on_gpu)
    tokens = training.rows_per_forward * (training.lengths.prompt + training.lengths.completion)
    row = stage.packed(
        architectures.trained, training.lengths, training.completions_per_prompt, tokens, training.rows_per_forward
    )
    labels = torch.ones_like(row.input_ids)
    scored = stage.scored(training, architectures.reward_model)
    with torch.device("meta"):
        policy = _policy(training, architectures.trained, stage.dtype).train()
        reference = sampler = scorer = None
        if training.has_reference and not training.lora_rank:
            reference = untrained_causal_model(architectures.trained, torch.float32, PACKED_ATTENTION)
        if training.generation == "transformers":
            sampler = untrained_causal_model(architectures.trained, stage.dtype, "sdpa").eval()
        if architectures.reward_model is not None:
            scorer = _scorer(architectures.reward_model).eval()
    stage.rehearsed.weights = sum(each.numel() for each in policy.parameters())
    with _processes(training.processes) as mesh, stage.counting() as live:
        _fill(policy)
        _divide(policy, _layers(policy), mesh, stage.mixed_precision)
        optimizer = stage.optimizer(policy)
        optimizer.zero_grad()
        if reference is not None:
            _fill(reference)
            _divide(reference, _layers(reference), mesh, stage.mixed_precision)
            stage.keep(REFERENCE, reference)
        if sampler is not None:
            live.begin(SAMPLING)
            _fill(sampler)
            stage.keep(SAMPLER, sampler)
            at_once = max(1, training.rows_per_generation // training.completions_per_prompt)
            how = Sampling(training.completions_per_prompt, training.lengths.completion, 1.0)
            rehearse_sampling(sampler, [[1] * training.lengths.prompt] * at_once, how)
        if scorer is not None and scored is not None:
            live.begin(SCORING)
            _fill(scorer)
            _divide(scorer, _layers(scorer.model), mesh)
            stage.keep(SCORER, scorer)
            with torch.no_grad(), stage.autocast():
                scorer(scored)
        stage.fill_gradients(policy)
        with stage.phases(policy), stage.autocast(keeps_copies=True):
            output = forward_row(policy, row, labels)
        output.log_probs.sum().backward()
        live.begin("optimiser")
        optimizer.step()
    return stage.rehearsed


@rehearse.register
def _(training: SupervisedTraining, architectures: Architectures, *, on_gpu: bool) -> Rehearsed:
    stage = _Stage(training.precision, on_gpu=on_gpu)
    rows, lengths = training.rows_per_forward, training.lengths
    tokens = torch.ones(rows, lengths.prompt + lengths.completion, dtype=torch.long)
    places = torch.arange(rows * lengths.completion)
    with torch.device("meta"):
        network = untrained_causal_model(architectures.trained, torch.float32, "sdpa").train()
    with stage.counting() as live:
        _fill(network)
        optimizer = stage.optimizer(network)
        # The training has one forward pass to a step, before which there are no gradients.
        optimizer.zero_grad()
        with nullcontext() if on_gpu else sdpa_kernel(SDPBackend.MATH):
            with stage.phases(network), stage.autocast():
                loss = loss_at(network, tokens, places, tokens.flatten()[places])
            loss.backward()
        live.begin("optimiser")
        if training.processes > 1:
            # They add up their gradients in one piece.
            summed = torch.cat([each.grad.reshape(-1) for each in network.parameters()])
            del summed
        optimizer.step()
    return stage.rehearsed


class _Stage:
    """Where a step is rehearsed: counts, and does what all trainings do in the same way."""

    def __init__(self, precision: Precision, *, on_gpu: bool) -> None:
        is_half = precision != "float32" if on_gpu else wants_bfloat16(precision, torch.device("cpu"))
        self.dtype = torch.bfloat16 if is_half else torch.float32
        self.rehearsed = Rehearsed()
        self._on_gpu = on_gpu
        self._live = LiveTensors()

    @contextmanager
    def counting(self) -> Iterator[LiveTensors]:
        with FakeTensorMode(allow_non_fake_inputs=True), self._live:
            self._live.begin("loading")
            yield self._live
        # Weights that are divided are made whole, which a training does not do.
        self.rehearsed.peaks = {phase: peak for phase, peak in self._live.peaks.items() if phase != "loading"}

    @property
    def mixed_precision(self) -> MixedPrecisionPolicy:
        """How accelerate divides a policy."""
        if self.dtype == torch.float32:
            return MixedPrecisionPolicy()
        return MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32, output_dtype=torch.float32)

    def autocast(self, *, keeps_copies: bool = False) -> torch.autocast:
        """Return the context of a forward pass; accelerate's keeps the rounded copies of weights until its end."""
        enabled = self.dtype == torch.bfloat16
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled, cache_enabled=keeps_copies)

    def packed(
        self,
        config: PreTrainedConfig,
        lengths: TextLengths,
        programs: int,
        tokens: int,
        most_programs: int | None = None,
    ) -> PackedRow:
        """Return a row of groups of programs, of so many tokens at most, with its plans of attention.

        They are made here, because plans depend on values, which fake tensors do not have.
        """
        groups: list[PackedGroup] = []
        left = most_programs if most_programs is not None else tokens
        while left > 0 and tokens > lengths.prompt:
            fitting = max(1, min(programs, left, (tokens - lengths.prompt) // lengths.completion))
            groups.append(PackedGroup([1] * lengths.prompt, [[1] * lengths.completion] * fitting))
            tokens -= groups[-1].packed_tokens
            left -= fitting
        row = pack(groups)
        segments = row.segments.as_on("cuda" if self._on_gpu else "cpu")
        windows: set[int | None] = set()
        if getattr(config, "attn_logit_softcapping", None) is not None or (
            self._on_gpu and self.dtype == torch.float32
        ):
            windows.add(None)
        window = getattr(config, "sliding_window", None)
        if window is not None and window < segments.most_seen:
            windows.add(window)
        segments.make_plans(windows)
        return PackedRow(row.input_ids, row.position_ids, row.last_tokens, segments)

    def scored(self, training: PolicyTraining, reward_model: PreTrainedConfig | None) -> PackedRow | None:
        """Return a row that the reward model scores, if it is the reward."""
        if training.scoring is None or reward_model is None:
            return None
        length = max(1, training.scoring.max_tokens // 4)
        tokens = max(training.scoring.tokens_per_forward, training.scoring.max_tokens)
        return self.packed(reward_model, TextLengths(length, length), training.completions_per_prompt, tokens)

    def keep(self, part: str, module: torch.nn.Module) -> None:
        """Note the size of a part that stays alive."""
        self.rehearsed.parts[part] = sum(map(_size, module.parameters()))

    def optimizer(self, module: torch.nn.Module) -> torch.optim.Optimizer:
        """Return the optimiser after its first step, when it has its states; gradients are still there."""
        self.keep(WEIGHTS, module)
        trained = [each for each in module.parameters() if each.requires_grad]
        self.fill_gradients(module)
        optimizer = torch.optim.AdamW(trained, fused=True)
        optimizer.step()
        self.rehearsed.parts[GRADIENTS] = sum(map(_size, trained))
        self.rehearsed.parts[STATES] = 2 * self.rehearsed.parts[GRADIENTS]
        return optimizer

    def fill_gradients(self, module: torch.nn.Module) -> None:
        for each in module.parameters():
            if each.requires_grad and each.grad is None:
                each.grad = torch.zeros_like(each)

    @contextmanager
    def phases(self, model: PreTrainedModel) -> Iterator[None]:
        """Let the phases of a forward and backward pass begin where the gradient comes to the layers, and leaves them.

        Only so the peak of each is linear in the number of layers.
        """
        layers = _layers(model)
        begin = self._live.begin
        layers[-1].register_forward_hook(lambda _, __, out: _on_gradient(out, partial(begin, "backward, layers")))
        layers[0].register_forward_pre_hook(lambda _, args: _on_gradient(args, partial(begin, "backward, embeddings")))
        begin("forward")
        yield
        begin("backward, head")


def _on_gradient(states: object, act: partial[None]) -> None:
    tensor = states[0] if isinstance(states, tuple) else states
    if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
        tensor.register_hook(lambda _: act())


def _policy(training: PolicyTraining, config: PreTrainedConfig, dtype: torch.dtype) -> PreTrainedModel:
    policy = untrained_causal_model(config, dtype if training.lora_rank else torch.float32, PACKED_ATTENTION)
    add_fused_lm_head(policy, outputs=("log_probs", "entropy"))
    if training.lora_rank:
        from peft import LoraModel  # not needed by most trainings

        LoraModel(policy, adapter_config(PolicySettings(lora_rank=training.lora_rank)), ADAPTER)
    if training.gradient_checkpointing:
        policy.gradient_checkpointing_enable({"use_reentrant": False})
    return policy


def _scorer(config: PreTrainedConfig) -> PackedScorer:
    return PackedScorer(untrained_classifier(config, torch.float32, PACKED_ATTENTION))


def _layers(model: PreTrainedModel) -> Sequence[torch.nn.Module]:
    layers: Sequence[torch.nn.Module] = model.base_model.layers
    return layers


def _fill(model: torch.nn.Module) -> None:
    """Put fake tensors in the place of those without memory, with which peft can make adapters.

    A tensor that stands in two places, as tied embeddings do, goes on to do so.
    """
    # What was replaced is kept until the end: an id is one of a kind only as long as its tensor is there.
    filled: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def fill(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in filled:
            fake = torch.empty(tensor.shape, dtype=tensor.dtype)
            is_weight = isinstance(tensor, torch.nn.Parameter)
            filled[id(tensor)] = tensor, torch.nn.Parameter(fake, tensor.requires_grad) if is_weight else fake
        return filled[id(tensor)][1]

    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            tensors.update({name: fill(tensor) for name, tensor in tensors.items() if tensor is not None})


def _divide(
    model: torch.nn.Module,
    layers: Sequence[torch.nn.Module],
    mesh: DeviceMesh | None,
    mixed_precision: MixedPrecisionPolicy | None = None,
) -> None:
    if mesh is not None:
        for part in (*layers, model):
            fully_shard(part, mesh=mesh, mp_policy=mixed_precision or MixedPrecisionPolicy())


@contextmanager
def _processes(count: int) -> Iterator[DeviceMesh | None]:
    """Pretend to be the first of several processes; the others are not there, and what they send is not either."""
    if count == 1:
        yield None
        return
    distributed.init_process_group("fake", rank=0, world_size=count, store=FakeStore())
    try:
        yield init_device_mesh("cpu", (count,))
    finally:
        distributed.destroy_process_group()


def _size(weight: torch.Tensor) -> int:
    local = weight.to_local() if isinstance(weight, torch.distributed.tensor.DTensor) else weight
    return int(local.untyped_storage().nbytes())


def with_layers(config: PreTrainedConfig, layers: int) -> PreTrainedConfig:
    """Return the configuration with only so many layers, the first ones."""
    shorter = copy.deepcopy(config)
    shorter.num_hidden_layers = layers
    if getattr(shorter, "layer_types", None) is not None:
        shorter.layer_types = shorter.layer_types[:layers]
    return shorter
