"""The corpus that a micro policy is trained on, as supervised training reads it."""

import polars as pl

from acecoder_dagster.micro import ENTRY_POINT, MicroSettings, noisy_programs
from acecoder_dagster.sampling import render_prompts


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
