"""Supervised training: a causal model learns to write given completions for given prompts."""

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

from acecoder_dagster.learning.errors import DivergedError
from acecoder_dagster.learning.pretrained import load_causal_model, load_tokenizer
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.training.checkpoints import close_work_folder, fingerprint, open_work_folder
from acecoder_dagster.learning.training.device import autocast, pick_device, prepare_process
from acecoder_dagster.learning.training.run_state import read_state, write_state
from acecoder_dagster.learning.training.settings import SupervisedSettings
from acecoder_dagster.learning.training.team import Team, start_team

_NOT_A_TARGET = -100
# Steps whose rows are sorted by length together: enough to leave next to no padding, few enough to stay random.
_STEPS_PER_POOL = 32
# The learning rate ends at this share of its peak.
_FINAL_SHARE = 0.05


@dataclass(frozen=True)
class TokenRow:
    """One training row as token ids; the completion ends with the end-of-sequence token."""

    prompt: list[int]
    completion: list[int]

    @property
    def length(self) -> int:
        """Tokens of both."""
        return len(self.prompt) + len(self.completion)


def train_supervised(
    rows_path: Path, model: str, output: Path, settings: SupervisedSettings, progress: Progress
) -> dict[str, float]:
    """Train a model on the completions of a Parquet file, the prompts given.

    Killed at any moment and called again with the same arguments, it continues from its last checkpoint and ends
    with the same weights as an undisturbed run on the same machine.

    Args:
        rows_path: Parquet with text columns `prompt` and `completion`.
        model: Folder or hub id of the model to start from; its weights are read again after a kill before the
            first checkpoint, so it must not be `output`.
        output: Folder for the finished model and tokenizer; unfinished work lies in a folder in it until then.
        settings: How to train.
        progress: Told loss, learning_rate and tokens_per_second of each step.

    Returns:
        Figures: rows, steps, final loss (mean of the last tenth of steps), seconds and tokens since the run or its
        last continuation began.

    Raises:
        FileNotFoundError: `rows_path` does not exist.
        ValueError: No rows, a missing column, an empty completion, or a row longer than the model's context.
        DivergedError: The loss is not a number.
    """
    work = open_work_folder(output, fingerprint([model, settings.model_dump_json()], [rows_path]))
    processes = settings.processes if pick_device().type == "cpu" else 1
    with start_team(processes, _train_as_helper, rows_path, model, work, settings) as team:
        network, tokenizer, run = _prepare(rows_path, model, settings, team)
        run.train(work, progress)
    network.save_pretrained(output)
    tokenizer.save_pretrained(output)
    close_work_folder(output)
    return run.figures()


def _train_as_helper(team: Team, rows_path: Path, model: str, work: Path, settings: SupervisedSettings) -> None:
    _, _, run = _prepare(rows_path, model, settings, team)
    run.train(work, lambda *_: None)


def _prepare(
    rows_path: Path, model: str, settings: SupervisedSettings, team: Team
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, _Run]:
    prepare_process(settings.threads, settings.seed)
    tokenizer = load_tokenizer(model)
    network = load_causal_model(model)
    rows = read_rows(rows_path, tokenizer, network.config.max_position_embeddings)
    return network, tokenizer, _Run(network, rows, settings, team)


def read_rows(path: Path, tokenizer: PreTrainedTokenizerBase, context_length: int) -> list[TokenRow]:
    """Read and encode the rows of a Parquet file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: No rows, a missing column, an empty completion, or a row over `context_length`; names the row.
    """
    table = pl.read_parquet(path)
    missing = {"prompt", "completion"} - set(table.columns)
    if missing or table.is_empty():
        raise ValueError(
            f"{path}: needs rows with text columns prompt and completion; "
            + (f"missing {', '.join(sorted(missing))}" if missing else "it has no rows")
        )
    prompts = tokenizer(table["prompt"].to_list(), add_special_tokens=False)["input_ids"]
    completions = tokenizer(table["completion"].to_list(), add_special_tokens=False)["input_ids"]
    rows = []
    for number, (prompt, completion) in enumerate(zip(prompts, completions, strict=True)):
        row = TokenRow(prompt, [*completion, tokenizer.eos_token_id])
        if not completion or not prompt:
            raise ValueError(f"{path}, row {number}: prompt and completion must not be empty")
        if row.length > context_length:
            raise ValueError(
                f"{path}, row {number}: {row.length} tokens, but the model's context is {context_length}; "
                "leave the row out or use a model with a longer context"
            )
        rows.append(row)
    return rows


def steps_of_epoch(rows: Sequence[TokenRow], rows_per_step: int, seed: int, epoch: int) -> Iterator[Sequence[TokenRow]]:
    """All rows once, in random order, rows of similar length together so that little padding is computed."""
    generator = random.Random(f"{seed} {epoch}")
    order = generator.sample(range(len(rows)), len(rows))
    pool_size = rows_per_step * _STEPS_PER_POOL
    for start in range(0, len(order), pool_size):
        pool = sorted(order[start : start + pool_size], key=lambda index: rows[index].length)
        steps = [pool[first : first + rows_per_step] for first in range(0, len(pool), rows_per_step)]
        generator.shuffle(steps)
        yield from ([rows[index] for index in step] for step in steps)


def completion_loss(network: PreTrainedModel, rows: Sequence[TokenRow], device: torch.device) -> torch.Tensor:
    """Mean cross-entropy over the completion tokens of the rows.

    Rows are padded on the right and attention is causal, so no row sees padding and no mask is needed. Logits are
    computed only where a completion token is to be predicted.
    """
    longest = max(row.length for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    targets = torch.full((len(rows), longest), _NOT_A_TARGET)
    for index, row in enumerate(rows):
        tokens[index, : row.length] = torch.tensor(row.prompt + row.completion)
        # The state at each token predicts the next one.
        targets[index, len(row.prompt) - 1 : row.length - 1] = torch.tensor(row.completion)
    tokens, targets = tokens.to(device), targets.to(device)
    states = network.base_model(input_ids=tokens, use_cache=False).last_hidden_state
    wanted = targets != _NOT_A_TARGET
    logits = network.get_output_embeddings()(states[wanted])
    return cross_entropy(logits.float(), targets[wanted])


def _completion_tokens(rows: Sequence[TokenRow]) -> int:
    return sum(len(row.completion) for row in rows)


class _Run:
    """One process's part of a training run: steps, checkpoints and totals."""

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

    def train(self, work: Path, progress: Progress) -> None:
        done, kept = read_state(work, self._network, self._optimizer)
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
        # The fused attention of CPUs is made for long sequences: on rows of 30 tokens its backward pass alone took
        # a third of the step.
        on_cpu = self._device.type == "cpu"
        with sdpa_kernel(SDPBackend.MATH) if on_cpu else nullcontext():
            loss = self._backward(rows)
        if not math.isfinite(loss):
            raise DivergedError(
                f"Supervised training broke down at step {step} of {self._total_steps}: loss {loss}. "
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
        """Leave the gradient of the mean over all completion tokens of a step in the network; return that mean."""
        own = self._team.share(rows)
        weighted = torch.zeros(1)
        if own:
            with autocast(self._settings.precision, self._device):
                loss = completion_loss(self._network, own, self._device)
            weighted = loss * (_completion_tokens(own) / _completion_tokens(rows))
            weighted.backward()
        return self._team.add_up(self._network, weighted)

    def _learning_rate(self, step: int) -> float:
        """Linear warm-up, then cosine down to a small share of the peak."""
        peak = self._settings.learning_rate
        warmup = self._settings.warmup_fraction * self._total_steps
        if step <= warmup:
            return peak * step / warmup
        passed = (step - warmup) / max(1.0, self._total_steps - warmup)
        return peak * (_FINAL_SHARE + (1 - _FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * passed)))
