"""Preference pairs as the training of a reward model reads them: one row per question."""

import polars as pl


def preference_groups(pairs: pl.DataFrame, programs: pl.DataFrame, prompts: pl.DataFrame) -> pl.DataFrame:
    """Return pairs grouped by question, with every distinct program once.

    Args:
        pairs: Columns question_id, chosen_program_id, rejected_program_id, chosen_pass_rate, rejected_pass_rate,
            weight.
        programs: Columns program_id, program.
        prompts: Columns question_id, prompt.

    Returns:
        Columns question_id, prompt, programs (texts), chosen, rejected (positions in programs), weights and margins
        (differences of the pass rates), ordered by question_id. The last four are lists with one entry per pair.
    """
    texts = programs.select("program_id", "program")
    both = pairs.join(texts, left_on="chosen_program_id", right_on="program_id").join(
        texts, left_on="rejected_program_id", right_on="program_id", suffix="_rejected"
    )
    of_question = pl.concat(
        [both.select("question_id", "program"), both.select("question_id", program="program_rejected")]
    )
    distinct = (
        of_question.unique()
        .sort("question_id", "program")
        .with_columns(position=pl.int_range(pl.len()).over("question_id"))
    )
    grouped_pairs = (
        both.join(distinct, on=["question_id", "program"])
        .join(
            distinct,
            left_on=["question_id", "program_rejected"],
            right_on=["question_id", "program"],
            suffix="_rejected",
        )
        .sort("question_id", "position", "position_rejected")
        .group_by("question_id", maintain_order=True)
        .agg(
            chosen="position",
            rejected="position_rejected",
            weights="weight",
            margins=pl.col("chosen_pass_rate") - pl.col("rejected_pass_rate"),
        )
    )
    listed = distinct.group_by("question_id", maintain_order=True).agg(programs="program")
    return (
        prompts.select("question_id", "prompt")
        .join(listed, on="question_id")
        .join(grouped_pairs, on="question_id")
        .select("question_id", "prompt", "programs", "chosen", "rejected", "weights", "margins")
        .sort("question_id")
    )
