"""Supervised training: a causal model learns to write a given completion for each prompt."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from acecoder_dagster.files.model_files import model_identity
from acecoder_dagster.learning.errors import DivergedError, PolicyError
from acecoder_dagster.learning.pretrained import load_causal_model, load_tokenizer
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.training.checkpoints import close_work_folder, fingerprint, open_work_folder
from acecoder_dagster.learning.training.device import autocast, pick_device, prepare_process
from acecoder_dagster.learning.training.run_state import read_state, write_state
from acecoder_dagster.learning.training.settings import SupervisedSettings
from acecoder_dagster.learning.training.team import Team, start_team

_NOT_A_TARGET = -100
# Rows of this many steps are sorted by length together: enough for hardly any padding, few enough to stay random.
_STEPS_PER_POOL = 32
# The learning rate ends at this share of its peak.
_FINAL_SHARE = 0.05


@dataclass(frozen=True)
class TokenRow:
    """One training row as token ids. The completion ends with the end-of-sequence token."""

    prompt: list[int]
    completion: list[int]

    @property
    def length(self) -> int:
        """Number of tokens of prompt and completion."""
        return len(self.prompt) + len(self.completion)


def train_supervised(
    rows_path: Path, model: str, output: Path, settings: SupervisedSettings, progress: Progress
) -> dict[str, float]:
    """Train a model to write the completions of a Parquet file.

    After a kill at any moment, a call with the same arguments goes on from the last checkpoint. It ends with the same
    weights as a training that was not interrupted, on the same machine.

    Args:
        rows_path: Parquet with text columns prompt and completion.
        model: Folder or hub id of the model to start from. It must not be `output`, because it is read again after a
            kill before the first checkpoint.
        output: Folder for the finished model and tokenizer. Until then, unfinished work is in a folder in it.
        settings: How to train.
        progress: Called after every step with loss, learning_rate and tokens_per_second.

    Returns:
        Figures: rows, steps, loss (mean of the last tenth of steps), train_seconds and train_tokens, the last two since
        this call began.

    Raises:
        PolicyError: There is no such file, it has no rows or lacks a column, or a row is empty or longer than the
            model's context.
        ModelLoadError: The model cannot be loaded.
        DivergedError: The loss is not a number.
        ProcessEndedError: Another process of the training failed or was killed.
    """
    work = open_work_folder(output, fingerprint([model_identity(model), settings.model_dump_json()], [rows_path]))
    processes = settings.processes if pick_device().type == "cpu" else 1
    with start_team(processes, _train_as_helper, rows_path, model, work, settings) as team:
        network, tokenizer, loop = _prepare(rows_path, model, settings, team)
        loop.run(work, progress)
    network.save_pretrained(output)
    tokenizer.save_pretrained(output)
    close_work_folder(output)
    return loop.figures()


def _train_as_helper(team: Team, rows_path: Path, model: str, work: Path, settings: SupervisedSettings) -> None:
    _, _, loop = _prepare(rows_path, model, settings, team)
    loop.run(work, lambda *_: None)


def _prepare(
    rows_path: Path, model: str, settings: SupervisedSettings, team: Team
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, _TrainingLoop]:
    prepare_process(settings.threads, settings.seed)
    tokenizer = load_tokenizer(model)
    network = load_causal_model(model)
    rows = read_rows(rows_path, tokenizer, network.config.max_position_embeddings)
    return network, tokenizer, _TrainingLoop(network, rows, settings, team)


def read_rows(path: Path, tokenizer: PreTrainedTokenizerBase, context_length: int) -> list[TokenRow]:
    """Read and tokenise the rows of a Parquet file.

    Args:
        path: Parquet with text columns prompt and completion.
        tokenizer: Tokenizer of the model.
        context_length: Longest row, in tokens.

    Raises:
        PolicyError: There is no such file, it has no rows or lacks a column, or a row is empty or too long.
    """
    if not path.is_file():
        raise PolicyError(f"There is no file of training rows at {path}.")
    table = pl.read_parquet(path)
    missing = {"prompt", "completion"} - set(table.columns)
    if missing or table.is_empty():
        raise PolicyError(
            f"{path}: needs rows with text columns prompt and completion; "
            + (f"missing {', '.join(sorted(missing))}" if missing else "it has no rows")
        )
    prompts = encode_prompts(tokenizer, table["prompt"].to_list())
    completions = tokenizer(table["completion"].to_list(), add_special_tokens=False)["input_ids"]
    rows = []
    for number, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        row = TokenRow(prompt, [*completion, tokenizer.eos_token_id])
        if not completion or not prompt:
            raise PolicyError(f"{path}, row {number}: prompt and completion must not be empty")
        if row.length > context_length:
            raise PolicyError(
                f"{path}, row {number}: {row.length} tokens, but the model's context is {context_length}; "
                "leave the row out or use a model with a longer context"
            )
        rows.append(row)
    return rows


def steps_of_epoch(rows: Sequence[TokenRow], rows_per_step: int, seed: int, epoch: int) -> Iterator[Sequence[TokenRow]]:
    """Yield the rows of each step of an epoch: every row once, in random order.

    Rows of similar length are in the same step, so that little padding is computed.
    """
    generator = random.Random(f"{seed} {epoch}")
    order = generator.sample(range(len(rows)), len(rows))
    pool_size = rows_per_step * _STEPS_PER_POOL
    for start in range(0, len(order), pool_size):
        pool = sorted(order[start : start + pool_size], key=lambda index: rows[index].length)
        steps = [pool[first : first + rows_per_step] for first in range(0, len(pool), rows_per_step)]
        generator.shuffle(steps)
        yield from ([rows[index] for index in step] for step in steps)


def completion_loss(network: PreTrainedModel, rows: Sequence[TokenRow], device: torch.device) -> torch.Tensor:
    """Return the mean cross-entropy over the completion tokens of the rows.

    Rows are padded on the right and attention is causal, so no token sees padding and no mask is needed. Logits are
    computed only where a completion token is predicted.
    """
    longest = max(row.length for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    targets = torch.full((len(rows), longest), _NOT_A_TARGET)
    for index, row in enumerate(rows):
        tokens[index, : row.length] = torch.tensor(row.prompt + row.completion)
        # The state at each token predicts the next one.
        targets[index, len(row.prompt) - 1 : row.length - 1] = torch.tensor(row.completion)
    places = (targets.flatten() != _NOT_A_TARGET).nonzero()[:, 0]
    return loss_at(network, tokens.to(device), places.to(device), targets.flatten()[places].to(device))


def loss_at(
    network: PreTrainedModel, tokens: torch.Tensor, places: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Return the mean cross-entropy of the tokens after some places.

    Args:
        network: A causal model.
        tokens: Rows of token ids, `(rows, tokens)`.
        places: Where a token is predicted, counted row after row.
        targets: The tokens after these places.
    """
    states = network.base_model(input_ids=tokens, use_cache=False).last_hidden_state
    logits = network.get_output_embeddings()(states.flatten(0, 1).index_select(0, places))
    return cross_entropy(logits.float(), targets)


def _completion_tokens(rows: Sequence[TokenRow]) -> int:
    return sum(len(row.completion) for row in rows)


class _TrainingLoop:
    """The training loop of one process: its share of the steps, checkpoints, and totals."""

    def __init__(
        self, network: PreTrainedModel, rows: Sequence[TokenRow], settings: SupervisedSettings, team: Team
    ) -> None:
        self._team = team
        self._device = pick_device()
        self._network = network.to(self._device).train()
        self._rows = rows
        self._settings = settings
        self._optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            fused=True,
        )
        self._steps_per_epoch = math.ceil(len(rows) / settings.rows_per_step)
        self._total_steps = settings.epochs * self._steps_per_epoch
        self._losses: list[float] = []
        self._seconds = 0.0
        self._tokens = 0

    def figures(self) -> dict[str, float]:
        tail = self._losses[-max(1, self._total_steps // 10) :]
        return {
            "rows": len(self._rows),
            "steps": self._total_steps,
            "loss": sum(tail) / len(tail),
            "train_seconds": self._seconds,
            "train_tokens": self._tokens,
        }

    def run(self, work: Path, progress: Progress) -> None:
        done, kept = read_state(work, self._network, self._optimizer, self._team)
        self._losses = kept.get("losses", [])
        step = 0
        for epoch in range(self._settings.epochs):
            settings = self._settings
            for rows in steps_of_epoch(self._rows, settings.rows_per_step, settings.seed, epoch):
                step += 1
                if step <= done:
                    continue
                figures = self._step(step, rows)
                if step % settings.checkpoint_every == 0:
                    write_state(work, step, self._network, self._optimizer, self._team, losses=self._losses)
                progress(step, self._total_steps, figures)

    def _step(self, step: int, rows: Sequence[TokenRow]) -> dict[str, float]:
        started = time.perf_counter()
        # On a CPU, fused attention is made for long rows: for rows of 30 tokens its backward pass alone took a third of
        # the step.
        on_cpu = self._device.type == "cpu"
        with sdpa_kernel(SDPBackend.MATH) if on_cpu else nullcontext():
            loss = self._backward(rows)
        if not math.isfinite(loss):
            raise DivergedError(
                f"Supervised training diverged at step {step} of {self._total_steps}: the loss is {loss}. "
                "Lower learning_rate, or set precision to 'float32'."
            )
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), self._settings.max_gradient_norm)
        rate = self._learning_rate(step)
        for parameters in self._optimizer.param_groups:
            parameters["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        seconds = time.perf_counter() - started
        tokens = sum(row.length for row in rows)
        self._seconds += seconds
        self._tokens += tokens
        self._losses.append(loss)
        return {"loss": loss, "learning_rate": rate, "tokens_per_second": tokens / seconds}

    def _backward(self, rows: Sequence[TokenRow]) -> float:
        """Compute the gradient of the mean loss over all completion tokens of a step, and return that mean."""
        own = self._team.share(rows)
        weighted = torch.zeros(1)
        if own:
            with autocast(self._settings.precision, self._device):
                loss = completion_loss(self._network, own, self._device)
            weighted = loss * (_completion_tokens(own) / _completion_tokens(rows))
            weighted.backward()
        return self._team.add_up(self._network, weighted)

    def _learning_rate(self, step: int) -> float:
        """Return the rate of a step: linear warm-up, then a cosine down to a small share of the peak."""
        peak = self._settings.learning_rate
        warmup = self._settings.warmup_fraction * self._total_steps
        if step <= warmup:
            return peak * step / warmup
        passed = (step - warmup) / max(1.0, self._total_steps - warmup)
        return peak * (_FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * passed)))
