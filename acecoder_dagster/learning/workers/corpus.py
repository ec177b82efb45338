"""The corpus that a small policy is trained on, as supervised training reads it."""

from pathlib import Path

import polars as pl

from acecoder_dagster.learning.policy.imitation import NothingToImitateError, imitated_programs
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.questions.micro import ENTRY_POINT, MicroSettings, noisy_programs

ROOM_FOR_A_FAULT = 16
"""Tokens: the longest text that a fault can add is a `not` or a letter, the shortest tokens are single bytes."""


def corpus_rows(programs: int, seed: int, micro: MicroSettings, prompt_template: str) -> pl.DataFrame:
    """Return the columns prompt and completion, one row per program of the noisy corpus.

    Args:
        programs: how many.
        seed: decides which.
        micro: shape of the questions.
        prompt_template: what the questions are rendered with.
    """
    written = noisy_programs(programs, seed, micro)
    corpus = pl.DataFrame({"question": each.question, "completion": each.program} for each in written)
    questions = corpus.with_row_index("question_id").with_columns(
        pl.col("question_id").cast(pl.String), entry_point=pl.lit(ENTRY_POINT)
    )
    prompts = render_prompts(prompt_template, questions, None)
    return pl.concat([prompts.select("prompt"), corpus.select("completion")], how="horizontal")


def writable_references(references: pl.DataFrame, model: Path, longest_program: int) -> pl.DataFrame:
    """Return the references that a model has room to write, with room for a fault that makes one longer.

    Args:
        references: columns prompt and program.
        model: folder with the model's tokenizer and context.
        longest_program: most tokens of a program, its end included.

    Raises:
        NothingToImitateError: there is none.
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
            f"of {references.height} train questions none can be answered in {longest_program} tokens "
            f"(sampling.max_tokens) within a context of {context} (base_policy.scratch.context_length): raise both"
        )
    return references.filter(fits)


def imitation_rows(references: pl.DataFrame, programs: int, seed: int) -> pl.DataFrame:
    """Return the columns prompt and completion, one row per program: references, and such with one fault.

    Args:
        references: columns prompt and program, at least one row.
        programs: how many.
        seed: decides which.
    """
    return imitated_programs(references, programs, seed).select("prompt", completion="program")
