"""The section of the report about the reward model's scores."""

import polars as pl

from acecoder_dagster.evaluation.reward_quality import RewardQuality


def reward_model_section(quality: RewardQuality, calibration_image: str, scores_image: str) -> list[str]:
    """Return the paragraphs of the section in Markdown, with the two images where they belong."""
    score_length, rate_length = quality.with_length
    parts = [
        "## Reward model",
        "How often the scores order two programs of a held-out question rightly, by the difference of their pass "
        "rates. Every question counts the same; a tie counts half.",
        _gap_table(quality.accuracy_by_gap),
        "Of pairs of a right and a wrong program: how often the one with the higher score is right, by the probability "
        "that Bradley-Terry gives for it:",
        calibration_image,
        f"Rank correlations over {quality.programs.height:,} programs, with scores and pass rates relative to the mean "
        f"of their question: score with pass rate {quality.with_truth:+.2f}, score with length {score_length:+.2f}, "
        f"pass rate with length {rate_length:+.2f}.",
        scores_image,
    ]
    if quality.most_wrong.height:
        parts += ["### The most wrong pairs", *_wrong_pairs(quality.most_wrong)]
    return parts


def _gap_table(rows: pl.DataFrame) -> str:
    header = "| difference of pass rates | ordered rightly | pairs | questions |\n|---|---|---|---|"
    lines = (
        f"| {row['gap']} | {row['accuracy']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | {row['pairs']:,} "
        f"| {row['questions']:,} |"
        for row in rows.iter_rows(named=True)
    )
    return "\n".join([header, *lines])


def _wrong_pairs(rows: pl.DataFrame) -> list[str]:
    return [
        "\n\n".join(
            (
                f"**{number}.** The right program has the score {row['right_score']:.2f}, the wrong one, with "
                f"{row['wrong_pass_rate']:.0%} of the tests passed, {row['wrong_score']:.2f}.",
                _block("", row["question"]),
                _block("python", row["right_program"]),
                _block("python", row["wrong_program"]),
            )
        )
        for number, row in enumerate(rows.iter_rows(named=True), start=1)
    ]


def _block(language: str, text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
