"""The rows from which a small policy learns to write programs."""

from pathlib import Path

import polars as pl

from acecoder_dagster.learning.policy.imitation import NothingToImitateError, imitated_programs
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.questions.micro import ENTRY_POINT, MicroSettings, noisy_programs

ROOM_FOR_A_FAULT = 16
"""Tokens that a fault can add to a program: at most a `not` or a letter, where the shortest tokens are single bytes."""


def corpus_rows(programs: int, seed: int, micro: MicroSettings, prompt_template: str) -> pl.DataFrame:
    """Return programs for procedural questions, some of them with faults.

    Args:
        programs: How many.
        seed: Decides which.
        micro: Settings of the procedural questions.
        prompt_template: The template that questions are rendered with.

    Returns:
        Columns prompt and completion, one row per program.
    """
    written = noisy_programs(programs, seed, micro)
    corpus = pl.DataFrame({"question": each.question, "completion": each.program} for each in written)
    questions = corpus.with_row_index("question_id").with_columns(
        pl.col("question_id").cast(pl.String), entry_point=pl.lit(ENTRY_POINT)
    )
    prompts = render_prompts(prompt_template, questions, None)
    return pl.concat([prompts.select("prompt"), corpus.select("completion")], how="horizontal")


def writable_references(references: pl.DataFrame, model: Path, longest_program: int) -> pl.DataFrame:
    """Return the reference programs that are short enough for a model to write, even with a fault added.

    Args:
        references: Columns prompt and program.
        model: Folder with the model's tokenizer and configuration.
        longest_program: Longest program in tokens, the end token included.

    Raises:
        NothingToImitateError: None is short enough.
    """
    from acecoder_dagster.learning.pretrained import load_config, load_tokenizer

    tokenizer = load_tokenizer(model)
    context = load_config(model).max_position_embeddings

    def tokens(column: str) -> pl.Series:
        encoded = tokenizer(references[column].to_list(), add_special_tokens=False)["input_ids"]
        return pl.Series([len(ids) for ids in encoded])

    fits = (tokens("program") < longest_program - ROOM_FOR_A_FAULT) & (tokens("prompt") + longest_program <= context)
    if not fits.any():
        raise NothingToImitateError(
            f"None of the {references.height} train questions can be answered in {longest_program} tokens "
            f"(sampling.max_tokens) within a context of {context} tokens (base_policy.scratch.context_length). Raise "
            "both settings."
        )
    return references.filter(fits)


def imitation_rows(references: pl.DataFrame, programs: int, seed: int) -> pl.DataFrame:
    """Return reference programs, about half of them with one fault.

    Args:
        references: Columns prompt and program, at least one row.
        programs: How many.
        seed: Decides which.

    Returns:
        Columns prompt and completion, one row per program.
    """
    return imitated_programs(references, programs, seed).select("prompt", completion="program")
