"""Completions as rows of programs, with everything that is needed to trace and to repeat them."""

import json

import polars as pl

from acecoder_dagster.data.lake import syntax_hash, text_id
from acecoder_dagster.data.tables import SAMPLED_PROGRAMS
from acecoder_dagster.learning.sampling.extraction import extract_program
from acecoder_dagster.learning.sampling.settings import SamplingSettings

ORIGIN = "sampled"
MODEL_TERMS = "terms of the model"


def program_rows(
    completions: pl.DataFrame, prompts: pl.DataFrame, model: str, revision: str, sampling: SamplingSettings
) -> pl.DataFrame:
    """Return sampled programs (`tables.SAMPLED_PROGRAMS`).

    Args:
        completions: What `sample_programs` wrote: question_id, sample_index, completion, finish_reason, prompt_tokens,
            completion_tokens.
        prompts: Columns question_id, prompt.
        model: Name under which the programs are kept.
        revision: Revision of a hub model, or the content key of a model that was trained here.
        sampling: The settings that they were sampled with.
    """
    asked = prompts.select("question_id", "prompt").iter_rows()
    hashes = {question_id: text_id(prompt) for question_id, prompt in asked}
    programs = [extract_program(completion) for completion in completions["completion"]]
    ids = [
        text_id(question_id, model, revision, str(sample_index), program)
        for (question_id, sample_index), program in zip(
            completions.select("question_id", "sample_index").iter_rows(), programs, strict=True
        )
    ]
    rows = completions.with_columns(
        pl.Series("program_id", ids, dtype=pl.String),
        pl.Series("program", programs, dtype=pl.String),
        pl.Series("syntax_hash", map(syntax_hash, programs), dtype=pl.String),
        pl.col("question_id").replace_strict(hashes, return_dtype=pl.String).alias("prompt_hash"),
        upstream_id=pl.lit(None, dtype=pl.String),
        model=pl.lit(model),
        model_revision=pl.lit(revision),
        temperature=pl.lit(sampling.temperature),
        sampling=pl.lit(json.dumps(sampling.model_dump(), sort_keys=True)),
        licence=pl.lit(MODEL_TERMS),
        origin=pl.lit(ORIGIN),
    )
    return SAMPLED_PROGRAMS.conform(rows.select(list(SAMPLED_PROGRAMS.schema)))
