"""Preference pairs: two programs of a question, of which the first is better."""

import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses, counted_results
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import PREFERENCE_PAIRS
from acecoder_dagster.learning.preference.probability import right_probabilities
from acecoder_dagster.learning.preference.rules import PASSED, RULES, TESTS, PairRule
from acecoder_dagster.learning.preference.settings import PairSettings
from acecoder_dagster.learning.preference.usable import usable_verdict

RESULT_COLUMNS = (
    "program_id",
    "question_id",
    "verdict",
    "outcomes",
    "passed",
    "sealed",
    "tests_passed",
    "tests_kept",
    "tests_written",
    "pass_rate",
    "message",
)
"""Columns of the verdicts that are needed to choose pairs."""

PROGRAM_COLUMNS = ("program_id", "model", "sample_index", "program", "syntax_hash")
"""Columns of the programs that are needed to choose pairs; at the paper's scale the others fill gigabytes."""


def build_pairs(
    results: pl.DataFrame,
    programs: pl.DataFrame,
    questions: pl.DataFrame,
    settings: PairSettings,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose preference pairs among the judged programs of each question.

    A program with an outcome `judge_error` or `unstable`, or of a question without tests, is never in a pair.

    Args:
        results: Verdicts; columns RESULT_COLUMNS of `tables.TEST_RESULTS`.
        programs: The programs judged; columns PROGRAM_COLUMNS of `tables.SAMPLED_PROGRAMS`.
        questions: All questions that could have a pair; columns question_id, question, split.
        settings: The rule, and how many pairs to keep.
        unsealed_passes: Whether passes that are not sealed count.

    Returns:
        The pairs (`tables.PREFERENCE_PAIRS`), ordered by question, and a rejected row with the reason for each
        question without any (`tables.REJECTED_ROWS`): questions given = questions with pairs + rejected rows.
    """
    rule = RULES[settings.rule]
    counted = counted_results(results.select(RESULT_COLUMNS, passes="tests_passed"), unsealed_passes)
    judged = _judged_programs(counted, questions, rule, settings)
    distinct = _programs_of_mixed_questions(judged, programs, rule)
    possible = _identify(_join(distinct, rule), distinct)
    pairs = _draw(possible, settings)
    kept = pairs.join(questions.select("question_id", "split"), on="question_id", how="left")
    ordered = PREFERENCE_PAIRS.conform(kept.select(list(PREFERENCE_PAIRS.schema)).sort("question_id", "pair_id"))
    return ordered, _questions_without_pair(questions, judged, distinct, possible, pairs, rule)


def _judged_programs(
    results: pl.DataFrame, questions: pl.DataFrame, rule: PairRule, settings: PairSettings
) -> pl.DataFrame:
    """Return the programs of the questions, each with a question number and what the rule says about it."""
    numbered = questions.select("question_id", "question").with_row_index("question_number")
    if rule.ascii_questions:
        numbered = numbered.filter(~pl.col("question").str.contains(r"[^\x00-\x7F]"))
    judged = (
        results.with_columns(tests=pl.col(rule.denominator))
        .with_columns(usable=usable_verdict() & (TESTS > 0))
        .with_columns(can_win=pl.col("usable") & rule.can_win, can_lose=pl.col("usable") & rule.can_lose)
        # Dropped before the join, which would copy the outcomes: 22 million at the paper's scale.
        .drop("outcomes", "passed", "sealed", "pass_rate", "verdict", "message")
        .join(numbered.drop("question"), on="question_id")
    )
    if settings.weighting != "probability":
        return judged.with_columns(right=pl.lit(None, pl.Float64))
    usable = judged.filter("usable").with_columns(tests_failed=pl.col("tests_kept") - PASSED)
    failures = usable.select("question_number", "tests_failed", tests="tests_kept")
    right = usable.select("program_id", right=right_probabilities(failures, settings.error_rates))
    return judged.join(right, on="program_id", how="left")


def _programs_of_mixed_questions(judged: pl.DataFrame, programs: pl.DataFrame, rule: PairRule) -> pl.DataFrame:
    """Return the programs that can win or lose, of questions that have both, duplicates merged as the rule says."""
    mixed = judged.group_by("question_number").agg(pl.col("can_win").any(), pl.col("can_lose").any())
    mixed = mixed.filter("can_win", "can_lose")
    fit = (
        judged.filter(pl.col("can_win") | pl.col("can_lose"))
        .join(mixed.select("question_number"), on="question_number", how="semi")
        .join(programs.select(PROGRAM_COLUMNS), on="program_id")
        .sort("question_number", "model", "sample_index", "program_id")
        .with_columns(text=pl.col("program").hash())
    )
    if rule.merge == "same_programs":
        fit = _merge_same_programs(fit)
    return fit.drop("program", "syntax_hash").with_row_index("row")


def _merge_same_programs(programs: pl.DataFrame) -> pl.DataFrame:
    """Keep the first of each program that a question has more than once, and none where its verdicts differ.

    A program with two different verdicts depends on something outside it, such as the order of a hash or the clock.
    """
    same = ("question_number", "syntax_hash")
    return programs.filter(PASSED.n_unique().over(same) == 1).unique(same, keep="first", maintain_order=True)


def _join(programs: pl.DataFrame, rule: PairRule) -> pl.DataFrame:
    """Return the rows of winner and loser of all pairs that the rule allows, without the texts, to save memory."""
    group = ["question_number", "model"] if rule.within_model else ["question_number"]
    slim = programs.select("row", *group, "text", TESTS, PASSED.cast(pl.Int32), "can_win", "can_lose")
    pairs = (
        slim.filter("can_win")
        .drop("can_win", "can_lose")
        .join(slim.filter("can_lose").select("row", *group, "text", PASSED), on=group, suffix="_rejected")
        .filter(rule.far_enough(PASSED, pl.col("tests_passed_rejected"), TESTS))
    )
    if rule.merge == "same_texts":
        pairs = pairs.sort("row", "row_rejected").unique(["text", "text_rejected"], keep="first")
    return pairs.select("question_number", "row", "row_rejected")


def _identify(pairs: pl.DataFrame, programs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with the ids and pass rates of their programs."""
    chosen, rejected = programs[pairs["row"]], programs[pairs["row_rejected"]]
    return pairs.select(
        "question_number",
        chosen["question_id"],
        chosen_program_id=chosen["program_id"],
        rejected_program_id=rejected["program_id"],
        chosen_pass_rate=chosen["tests_passed"] / chosen["tests"],
        rejected_pass_rate=rejected["tests_passed"] / rejected["tests"],
        truly_ordered=chosen["right"] * (1 - rejected["right"]),
        passes=chosen["passes"] + rejected["passes"],
        passed_unsealed=chosen["passed_unsealed"] + rejected["passed_unsealed"],
    ).with_columns(pair_id=pl.concat_str("chosen_program_id", "rejected_program_id", separator="-"))


def _draw(pairs: pl.DataFrame, settings: PairSettings) -> pl.DataFrame:
    """Keep at most the wanted number of pairs per question, at random, and weigh them."""
    if settings.weighting == "probability":
        pairs = pairs.filter(pl.col("truly_ordered") >= settings.min_probability)
    if settings.max_pairs_per_question != "all":
        # By a hash of the pair, not by a random number, so that new questions do not change the pairs of old ones.
        rank = pl.col("pair_id").hash(settings.seed).rank("ordinal").over("question_number")
        pairs = pairs.filter(rank <= settings.max_pairs_per_question)
    share = 1 / pl.len().over("question_number")
    weights = {"pair": pl.lit(1.0), "question": share, "probability": share * pl.col("truly_ordered")}
    return pairs.with_columns(weight=weights[settings.weighting])


def _questions_without_pair(
    questions: pl.DataFrame,
    judged: pl.DataFrame,
    distinct: pl.DataFrame,
    possible: pl.DataFrame,
    pairs: pl.DataFrame,
    rule: PairRule,
) -> pl.DataFrame:
    """Return a rejected row for every question that has no pair, with the first reason that holds."""
    usable = judged.filter("usable")
    rate = PASSED / TESTS
    seen = (
        questions.select("question_id", "question")
        .with_row_index("question_number")
        .join(pairs, on="question_number", how="anti")
        .join(judged.group_by("question_number").agg(programs=pl.len()), on="question_number", how="left")
        .join(
            usable.group_by("question_number").agg(
                usable=pl.len(),
                winners=pl.col("can_win").sum(),
                losers=pl.col("can_lose").sum(),
                all_pass=(pl.col("tests_kept") == PASSED).all(),
                refused=(pl.col("passes") - PASSED).sum(),
                best=rate.max(),
                worst=rate.min(),
            ),
            on="question_number",
            how="left",
        )
        .join(distinct.group_by("question_number").agg(distinct=pl.len()), on="question_number", how="left")
        .join(
            possible.group_by("question_number").agg(truly_ordered=pl.col("truly_ordered").max()),
            on="question_number",
            how="left",
        )
        .with_columns(pl.col("programs", "usable", "winners", "losers", "distinct").fill_null(0))
    )
    evidence = pl.format(
        "{} programs, {} with a usable verdict, {} can win, {} can lose, pass rates {} to {}",
        "programs",
        "usable",
        "winners",
        "losers",
        pl.col("worst").round(3),
        pl.col("best").round(3),
    )
    return rejected_rows(
        seen,
        PREFERENCE_PAIRS.name,
        "question",
        _reason(rule),
        evidence.fill_null(pl.format("{} programs, {} with a usable verdict", "programs", "usable")),
        row_id="question_id",
    )


def _reason(rule: PairRule) -> pl.Expr:
    """Return the first reason that holds for a question without a pair."""
    skipped = pl.col("question").str.contains(r"[^\x00-\x7F]") if rule.ascii_questions else pl.lit(False)
    return (
        pl.when(skipped)
        .then(pl.lit(Reason.NON_ASCII_QUESTION))
        .when(pl.col("programs") == 0)
        .then(pl.lit(Reason.NO_JUDGED_PROGRAM))
        .when(pl.col("usable") == 0)
        .then(pl.lit(Reason.NO_USABLE_VERDICT))
        .when("all_pass")
        .then(pl.lit(Reason.ALWAYS_SOLVED))
        .when((pl.col("winners") == 0) & (pl.col("refused") > 0))
        .then(pl.lit(Reason.PASSES_REFUSED))
        .when(pl.col("best") == 0)
        .then(pl.lit(Reason.NO_TEST_PASSED))
        .when(pl.col("winners") == 0)
        .then(pl.lit(Reason.NO_WINNER))
        .when(pl.col("losers") == 0)
        .then(pl.lit(Reason.NO_LOSER))
        .when(pl.col("truly_ordered").is_not_null())
        .then(pl.lit(Reason.ORDER_UNCERTAIN))
        .when(pl.lit(rule.merge == "same_programs"))
        .then(pl.lit(Reason.VERDICTS_DISAGREE))
        .otherwise(pl.lit(Reason.RATES_TOO_CLOSE))
    )
