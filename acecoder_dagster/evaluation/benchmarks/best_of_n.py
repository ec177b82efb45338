"""Best-of-N on benchmarks: of N programs, is the one that a reward model scores highest right?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.data.lake import content_key, text_id
from acecoder_dagster.evaluation.benchmarks.scores import Score
from acecoder_dagster.evaluation.choosing import chosen_by_rank
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.statistics import pass_at_k, solved_and_gain
from acecoder_dagster.files import replace_file
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.learning.sampling import template_text
from acecoder_dagster.learning.training.settings import ScoringSettings


@dataclass(frozen=True)
class RewardModels:
    """Reward models that choose among programs.

    Attributes:
        addresses: of each: folder, or owner/name@revision.
        settings: how they score.
        prompt: prompt template with which all of them are asked; None: each with that of its training.
    """

    addresses: Sequence[str] = ()
    settings: ScoringSettings = field(default_factory=ScoringSettings)
    prompt: str | None = None


def reward_scores(
    address: str,
    found: Score,
    style: str,
    asked: RewardModels,
    folder: Path,
    advance: Callable[[int, int], None],
) -> list[float | None]:
    """Score the programs of a benchmark, as they were extracted, as answers to the text that the model was asked with.

    Args:
        address: the reward model.
        found: the programs.
        style: how the model that wrote them was asked.
        asked: how reward models are asked, and how they score.
        folder: where scores are kept; programs whose scores it has are not scored again.
        advance: told how far the work is.

    Returns:
        A score for each of `found.samples`; None where question and program are too long.

    Raises:
        RewardModelError: it was not trained here, and no prompt template is given.
        PromptError: there is no such prompt template.
        ModelLoadError: it cannot be loaded.
    """
    text = found.protocol.styles[style].task_prompt
    tasks = [found.tasks.tasks[each.sample.task_id] for each in found.samples]
    rows = pl.DataFrame(
        {
            "question": [task.texts[text].strip() for task in tasks],
            "entry_point": [task.entry_point for task in tasks],
            "program": [each.sample.solution for each in found.samples],
        },
        schema=dict.fromkeys(("question", "entry_point", "program"), pl.String),
    )
    settings = asked.settings
    key = content_key(
        prompt=asked.prompt and template_text(asked.prompt),
        model=model_revision(*read_address(address)),
        rows=text_id(*(str(value) for row in rows.iter_rows() for value in row)),
        settings=settings.model_dump(include={"max_tokens", "precision"}),
    )
    file = folder / f"{key}.parquet"
    if not file.exists():
        from acecoder_dagster.learning.reward_model.scoring import score_rows
        from acecoder_dagster.learning.training.device import prepare_process

        prepare_process(settings.threads, seed=0)
        scored = score_rows(address, rows, settings, asked.prompt, advance).select("score")
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(file, scored.write_parquet)
    return pl.read_parquet(file)["score"].to_list()


def best_of_rows(
    programs: pl.DataFrame, reward_models: Sequence[str], settings: EvaluationSettings
) -> Iterator[dict[str, Any]]:
    """Yield the rows of best-of-N for the programs of one benchmark.

    The value of a task is the expectation over all ways to draw N of its programs without replacement, see
    `evaluation.best_of_n`. A program without a score is chosen last.

    Args:
        programs: columns question_id, program_id, solved, and the scores by each reward model, by its name.
        reward_models: their names.
        settings: the values of N, and how intervals are computed.

    Yields:
        Columns n, method (average, the reward models, oracle), solved with low and high, gain over
        the average with gain_low and gain_high, questions (tasks with at least N programs). An N that no task has
        programs for has no rows.
    """
    for n in sorted(set(settings.best_of)):
        enough = programs.filter(pl.len().over("question_id") >= n).sort("question_id", "program_id")
        if enough.is_empty():
            continue
        tasks = enough.group_by("question_id", maintain_order=True).agg(
            written=pl.len(), passed=pl.col("solved").sum(), solved=pl.col("solved").mean()
        )
        chosen = {name: chosen_by_rank(enough, name, n)["solved"] for name in reward_models}
        oracle = pl.Series(pass_at_k(tasks["written"], tasks["passed"], n))
        for method, solved in {"average": tasks["solved"], **chosen, "oracle": oracle}.items():
            figures = solved_and_gain(solved, tasks["solved"], settings)
            yield {"n": n, "method": method, **figures}
