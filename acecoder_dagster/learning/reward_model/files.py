"""Files of users for reward models: programs to score, and pairs to train on.

Each row has either the finished `prompt` or the `question`, from which the prompt is rendered. It also needs the
`entry_point` where the prompt template shows the name of the function.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

from acecoder_dagster.files import IDENTIFIER, REAL, TEXT, FileColumn, Problems, read_batches
from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.reward_model.prompts import reward_prompts
from acecoder_dagster.learning.sampling import PromptError, prompt_columns

ASKED = (
    FileColumn("prompt", TEXT, "The whole prompt, word for word"),
    FileColumn("question", TEXT, "The question, where there is no prompt"),
    FileColumn("entry_point", TEXT, "Name of the function to write, if the template shows it"),
)
SCORED_COLUMNS = (
    *ASKED,
    FileColumn("question_id", IDENTIFIER, "Id of the question"),
    FileColumn("program_id", IDENTIFIER, "Id of the program"),
    FileColumn("program", TEXT, "The program to score", required=True),
)
PAIR_COLUMNS = (
    *ASKED,
    FileColumn("chosen", TEXT, "The better program", required=True),
    FileColumn("rejected", TEXT, "The worse program", required=True),
    FileColumn("weight", REAL, "Weight of the pair in the loss", default=1.0),
    FileColumn("margin", REAL, "Difference of the pass rates", default=0.0),
)


def read_rows(path: Path, columns: tuple[FileColumn, ...]) -> pl.DataFrame:
    """Read a Parquet, JSONL (also gzipped) or JSON file.

    Returns:
        The columns, rows in the order of the file. A column that the file does not have is null or has its default.

    Raises:
        RewardModelError: The file cannot be used; the message lists all problems by row and column.
    """
    problems = Problems()
    batches = list(read_batches(path, columns, problems))
    if problems.found:
        raise RewardModelError("\n".join(problems.found))
    return pl.concat(batches).select(column.name for column in columns)


def with_prompts(rows: pl.DataFrame, template: str, model: str) -> pl.DataFrame:
    """Return the rows with their `prompt`, rendered from `question` where it is null or missing.

    Args:
        rows: Some of the columns of `ASKED`.
        template: Name of the prompt template.
        model: The reward model or its backbone (see `reward_prompts`).

    Raises:
        RewardModelError: A row has neither prompt nor question, or the template cannot be rendered.
    """
    given = {column.name for column in ASKED} & set(rows.columns)
    rows = rows.with_columns(pl.lit(None, pl.String).alias(column.name) for column in ASKED if column.name not in given)
    without = rows.with_row_index("row", offset=1).filter(pl.col("prompt").is_null() & pl.col("question").is_null())
    if without.height:
        raise RewardModelError(
            f"{without.height} rows have neither a prompt nor a question, the first is row {without['row'][0]}: give "
            "one of these columns."
        )
    asked = rows.filter(pl.col("prompt").is_null()).select("question", "entry_point").unique(maintain_order=True)
    if asked.is_empty():
        return rows
    try:
        if "entry_point" in prompt_columns(template) and asked["entry_point"].null_count():
            raise RewardModelError(f"Prompt template {template!r} names the function: give a column entry_point.")
        rendered = reward_prompts(template, asked.with_columns(question_id=pl.lit("")), model)
    except PromptError as error:
        raise RewardModelError(str(error)) from error
    prompts = asked.with_columns(rendered=rendered["prompt"])
    joined = rows.join(prompts, on=["question", "entry_point"], how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(prompt=pl.coalesce("prompt", "rendered"))


def pair_groups(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs as groups: one row per prompt, with every distinct program once.

    Args:
        pairs: Columns prompt, chosen, rejected, weight, margin.

    Returns:
        The columns of `groups.GROUP_COLUMNS`. The `question_id` of a group is a hash of its prompt, so that pairs of a
        prompt are never divided between training and validation. Pairs of two equal programs are left out.

    Raises:
        RewardModelError: In every pair both programs are the same.
    """
    different = pairs.filter(pl.col("chosen") != pl.col("rejected"))
    if different.is_empty():
        raise RewardModelError(
            f"In all {pairs.height} pairs both programs are the same: a reward model learns from different programs."
        )
    groups = []
    for (prompt,), members in different.group_by("prompt", maintain_order=True):
        programs = list(dict.fromkeys([*members["chosen"], *members["rejected"]]))
        place = {program: index for index, program in enumerate(programs)}
        groups.append(
            {
                "question_id": hashlib.sha256(str(prompt).encode()).hexdigest()[:16],
                "prompt": prompt,
                "programs": programs,
                "chosen": [place[program] for program in members["chosen"]],
                "rejected": [place[program] for program in members["rejected"]],
                "weights": members["weight"].to_list(),
                "margins": members["margin"].to_list(),
            }
        )
    return pl.DataFrame(groups)
