"""Scoring programs with a finished reward model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl
import torch

from acecoder_dagster.files import replace_file
from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.reward_model.files import with_prompts
from acecoder_dagster.learning.reward_model.packing import PackedGroup, pack
from acecoder_dagster.learning.reward_model.prompts import PROMPT_TEMPLATE
from acecoder_dagster.learning.reward_model.template import encode_programs
from acecoder_dagster.learning.reward_model.training import CALIBRATION_FILE, load_scorer
from acecoder_dagster.learning.sampling import prompt_templates
from acecoder_dagster.learning.training.device import autocast, pick_device, prepare_process
from acecoder_dagster.learning.training.settings import ScoringSettings
from acecoder_dagster.learning.training.team import Team

SCORE_INPUT_COLUMNS = ("question_id", "program_id", "prompt", "program")
"""Columns that `score_programs` reads, all strings."""


class Calibration(NamedTuple):
    """Mean and standard deviation of a reward model's scores on its validation programs."""

    mean: float
    std: float


class RewardScorer:
    """A reward model that is ready to score.

    Args:
        model: Address of the reward model.
        settings: Size of forward passes, longest text, precision.
        team: Processes that divide the model among themselves and share the forward passes. All of them score the same
            programs at the same time.

    Raises:
        ModelLoadError: The model cannot be loaded.

    Example:
        >>> scorer = RewardScorer("reward_model")
        >>> scorer.score([("Write a function that doubles.", "def f(x): return 2 * x")])
    """

    def __init__(self, model: str | Path, settings: ScoringSettings | None = None, team: Team | None = None) -> None:
        self._settings = settings or ScoringSettings()
        self._team = team or Team()
        self._device = pick_device()
        self._scorer, self._tokenizer = load_scorer(str(model), self._team)
        self._scorer.requires_grad_(False).eval().to(self._device)
        self._calibration_path = Path(model) / CALIBRATION_FILE

    @property
    def prompt_template(self) -> str | None:
        """The prompt template of the model's training; None for models that were trained elsewhere."""
        template: str | None = getattr(self._scorer.model.config, PROMPT_TEMPLATE, None)
        return template

    def calibration(self) -> Calibration:
        """Return mean and standard deviation of the scores, as the training measured them.

        Raises:
            RewardModelError: The checkpoint has no calibration file.
        """
        if not self._calibration_path.exists():
            raise RewardModelError(
                f"There is no {self._calibration_path}: scores of a reward model have no fixed scale, so "
                "without this file it cannot be a reward. Train the model here, or write its mean and std to the file."
            )
        return Calibration(**json.loads(self._calibration_path.read_text()))

    def score(
        self, programs: Sequence[tuple[str, str]], progress: Callable[[int, int], None] | None = None
    ) -> list[float | None]:
        """Score (prompt, program) pairs.

        Args:
            programs: Pairs in any order. Equal pairs are computed once.
            progress: Called as `progress(done, total)`, counted in distinct pairs.

        Returns:
            One score per pair; `None` where prompt and program together have more than `max_tokens`.
        """
        distinct = list(dict.fromkeys(programs))
        prompts = list(dict.fromkeys(prompt for prompt, _ in distinct))
        prompt_ids = dict(zip(prompts, encode_prompts(self._tokenizer, prompts), strict=True))
        program_ids = encode_programs(self._tokenizer, [program for _, program in distinct])
        scores: dict[tuple[str, str], float] = {}
        fitting = [
            (pair, ids)
            for pair, ids in zip(distinct, program_ids, strict=True)
            if len(prompt_ids[pair[0]]) + len(ids) <= self._settings.max_tokens
        ]
        batches = self._batches(fitting, prompt_ids)
        own = self._team.share(batches)
        for batch in own:
            by_prompt: dict[str, list[tuple[tuple[str, str], list[int]]]] = {}
            for pair, ids in batch:
                by_prompt.setdefault(pair[0], []).append((pair, ids))
            groups = [
                PackedGroup(prompt_ids[prompt], [ids for _, ids in members]) for prompt, members in by_prompt.items()
            ]
            order = [pair for members in by_prompt.values() for pair, _ in members]
            scores.update(zip(order, self._forward(groups), strict=True))
            if progress is not None:
                progress(len(scores), len(fitting))
        for _ in range(-(-len(batches) // self._team.size) - len(own)):
            self._forward([PackedGroup((), [program_ids[0][:1]])])  # the other processes wait for it in every layer
        scores = {pair: score for part in self._team.gather(scores) for pair, score in part.items()}
        return [scores.get(pair) for pair in programs]

    def _batches(
        self, pairs: Sequence[tuple[tuple[str, str], list[int]]], prompt_ids: dict[str, list[int]]
    ) -> list[list[tuple[tuple[str, str], list[int]]]]:
        """Divide pairs into forward passes of at most `tokens_per_forward`; programs of a prompt are neighbours."""
        position = {prompt: index for index, prompt in enumerate(prompt_ids)}
        batches: list[list[tuple[tuple[str, str], list[int]]]] = []
        room = 0
        previous_prompt: str | None = None
        for pair, ids in sorted(pairs, key=lambda item: position[item[0][0]]):
            cost = len(ids) + (0 if pair[0] == previous_prompt else len(prompt_ids[pair[0]]))
            if not batches or cost > room:
                batches.append([])
                room = self._settings.tokens_per_forward
                cost = len(ids) + len(prompt_ids[pair[0]])
            batches[-1].append((pair, ids))
            room -= cost
            previous_prompt = pair[0]
        return batches

    def _forward(self, groups: Sequence[PackedGroup]) -> list[float]:
        with torch.no_grad(), autocast(self._settings.precision, self._device):
            return [float(score) for score in self._scorer(pack(groups, self._device)).tolist()]


def score_rows(
    model: str | Path,
    rows: pl.DataFrame,
    settings: ScoringSettings | None = None,
    template: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Score programs of users.

    Args:
        model: Address of the reward model.
        rows: Columns program, and prompt (word for word) or question (with entry_point, if the template shows it).
        settings: How to score.
        template: Prompt template for the questions. None: the template that the model was trained with.
        progress: Called as `progress(done, total)`, counted in distinct programs.

    Returns:
        The rows with a column `score` (float64; null where prompt and program are too long), in the same order.

    Raises:
        RewardModelError: A row has neither prompt nor question, or the prompt template of the model is not known.
        ModelLoadError: The model cannot be loaded.
    """
    scorer = RewardScorer(model, settings)
    template = template or scorer.prompt_template
    if template is None and ("prompt" not in rows.columns or rows["prompt"].null_count()):
        raise RewardModelError(
            f"{model} was not trained here, so its prompt template is not known: name a prompt template "
            f"({', '.join(prompt_templates())}), or give a column prompt with whole prompts."
        )
    asked = with_prompts(rows, template or "", str(model))
    scores = scorer.score(list(asked.select("prompt", "program").iter_rows()), progress)
    return rows.with_columns(pl.Series("score", scores, dtype=pl.Float64))


def score_programs(
    model: str | Path,
    programs_path: Path,
    output: Path,
    settings: ScoringSettings,
    progress: Callable[[int, int], None],
) -> dict[str, float]:
    """Score a table of programs.

    Args:
        model: Address of the reward model.
        programs_path: Parquet with the columns of `SCORE_INPUT_COLUMNS`.
        output: Parquet to write: `program_id`, `score` (float64; null where the program is too long), in the
            order of the input.
        settings: How to score.
        progress: Called as `progress(done, total)`, counted in distinct programs.

    Returns:
        Counts: programs, programs_over_length.

    Raises:
        RewardModelError: There is no such file, a column is missing, or a row lacks a value.
        ModelLoadError: The model cannot be loaded.
    """
    prepare_process(settings.threads, seed=0)
    if not programs_path.exists():
        raise RewardModelError(f"There is no file of programs at {programs_path}.")
    rows = pl.read_parquet(programs_path)
    missing = [name for name in SCORE_INPUT_COLUMNS if name not in rows.columns]
    if missing:
        raise RewardModelError(f"{programs_path} lacks the columns {missing}; it has {rows.columns}.")
    empty = rows.filter(pl.any_horizontal(pl.col("program_id", "prompt", "program").is_null()))
    if empty.height:
        raise RewardModelError(f"{programs_path}: {empty.height} rows have no program_id, prompt or program.")
    scores = RewardScorer(model, settings).score(list(rows.select("prompt", "program").iter_rows()), progress)
    scored = rows.select("program_id", pl.Series("score", scores, dtype=pl.Float64))
    replace_file(output, scored.write_parquet)
    return {"programs": scored.height, "programs_over_length": scored["score"].null_count()}
