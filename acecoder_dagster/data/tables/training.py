"""Tables that models are trained on, and what trainings write."""

import polars as pl

from acecoder_dagster.data.tables.table import FLAG, REAL, TEXT, WHOLE, Column, Table

ACECODE_DATASET = Table(
    "acecode_dataset",
    "The published AceCode-87K schema (id, source, question, test_cases, inferences) and our question_id and split. "
    "Questions whose tests are not asserts do not fit it and are rejected.",
    "id",
    (
        Column("id", TEXT, "<source>_<upstream_id>"),
        Column("question_id", TEXT, "Our id of the question"),
        Column("source", TEXT, "Source of the question"),
        Column("split", TEXT, "train, validation or test"),
        Column("question", TEXT, "The question"),
        Column("test_cases", pl.List(TEXT), "Kept tests"),
        Column(
            "inferences",
            pl.List(pl.Struct({"model_name": TEXT, "completion_id": WHOLE, "completion": TEXT, "pass_rate": REAL})),
            "Judged programs with their pass rates",
        ),
        Column("context_messages", pl.List(pl.Struct({"content": TEXT, "role": TEXT})), "The question as a chat"),
        Column("licence", TEXT, "Licence of the question"),
    ),
)

PREFERENCE_PAIRS = Table(
    "preference_pairs",
    "Pairs of programs of one question, the first better than the second (paper, equation 3).",
    "pair_id",
    (
        Column("pair_id", TEXT, "chosen_program_id and rejected_program_id, joined by `-`"),
        Column("question_id", TEXT, "Question both answer"),
        Column("split", TEXT, "Split of the question"),
        Column("chosen_program_id", TEXT, "The better program"),
        Column("rejected_program_id", TEXT, "The worse program"),
        Column("chosen_pass_rate", REAL, "Its pass rate under the rule's denominator"),
        Column("rejected_pass_rate", REAL, "Its pass rate under the rule's denominator"),
        Column("weight", REAL, "Weight of the pair in the loss"),
        Column("passes", WHOLE, "Tests that the two programs pass, sealed or not", nullable=True, late=True),
        Column("passed_unsealed", WHOLE, "Passes among them that are not sealed", nullable=True, late=True),
    ),
)

HARD_QUESTIONS = Table(
    "hard_questions",
    "Questions chosen for reinforcement learning.",
    "question_id",
    (
        Column("question_id", TEXT, "Question chosen"),
        Column("split", TEXT, "train (rollouts) or validation (choice of the checkpoint)"),
        Column("mean_pass_rate", REAL, "Mean pass rate of its sampled programs"),
        Column("std_pass_rate", REAL, "Standard deviation of their pass rates"),
        Column("pass_share", REAL, "Share of its sampled programs that pass all tests"),
    ),
)

ROLLOUTS = Table(
    "rollouts",
    "Every program that a policy wrote while it was trained, with its rewards.",
    "",
    (
        Column("model", TEXT, "Policy trained: policy_rule or policy_reward_model"),
        Column("step", WHOLE, "Optimiser step that it was written for, from 1"),
        Column("question_id", TEXT, "Question it answers"),
        Column("completion_index", WHOLE, "Which of the completions of its question in that step, from 0"),
        Column("prompt", TEXT, "What the policy was given"),
        Column("completion", TEXT, "What it wrote"),
        Column("program", TEXT, "The program in it"),
        Column("completion_tokens", WHOLE, "Tokens written"),
        Column("truncated", FLAG, "Whether it was cut at the longest length"),
        Column("reward", REAL, "Its reward; null where judge or reward model could not tell", nullable=True),
        Column("pass_rate", REAL, "Share of passes that count; null where the judge could not decide", nullable=True),
        Column("official_pass_rate", REAL, "The same over official tests; null where there are none", nullable=True),
        Column("outcomes", pl.List(TEXT), "Outcome of every test"),
        Column("sealed", pl.List(FLAG), "Whether each outcome is sealed", nullable=True, late=True),
        Column("reward_model_score", REAL, "Raw score; null where no reward model is the reward", nullable=True),
        Column("advantage", REAL, "Mean over its tokens; null where it was not trained on", nullable=True),
        Column("kl", REAL, "Mean log ratio to the starting policy; null where there is no KL", nullable=True),
        Column("trained", FLAG, "Whether the step learned from it; groups of equal rewards teach nothing"),
    ),
)

TRAINING_CURVES = Table(
    "training_curves",
    "What every training reported, step by step.",
    "",
    (
        Column("model", TEXT, "base_policy, reward_model, policy_rule or policy_reward_model"),
        Column("step", WHOLE, "Optimiser step, from 1"),
        Column("figure", TEXT, "loss, reward, entropy, kl, validation_pass_at_1, ..."),
        Column("value", REAL, "Its value"),
    ),
)
