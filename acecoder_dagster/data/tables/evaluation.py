"""Tables of what trained models are worth."""

from acecoder_dagster.data.tables.table import REAL, TEXT, WHOLE, Column, Table

PROGRAM_SCORES = Table(
    "program_scores",
    "Reward-model scores of the sampled programs of held-out questions.",
    "program_id",
    (
        Column("program_id", TEXT, "Program scored"),
        Column("question_id", TEXT, "Question it answers"),
        Column("score", REAL, "Reward-model score; only differences within a question mean something"),
    ),
)

BEST_OF_N = Table(
    "best_of_n",
    "Share of held-out questions solved when one of N sampled programs is chosen, by method.",
    "",
    (
        Column("n", WHOLE, "Programs to choose from"),
        Column("method", TEXT, "average, greedy, majority, generated_tests, reward_model or oracle"),
        Column("solved", REAL, "Share of questions whose chosen program passes all tests"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by question)"),
        Column("high", REAL, "Upper end"),
        Column("gain", REAL, "solved minus that of `average`, paired by question"),
        Column("gain_low", REAL, "Lower end of its 95% interval"),
        Column("gain_high", REAL, "Upper end"),
        Column("questions", WHOLE, "Held-out questions counted"),
    ),
)

BENCHMARK_SCORES = Table(
    "benchmark_scores",
    "pass@1 of the policies on held-out questions, before and after reinforcement learning.",
    "",
    (
        Column("model", TEXT, "base_policy, policy_rule or policy_reward_model"),
        Column("metric", TEXT, "pass@1 by sampling, or pass@k"),
        Column("solved", REAL, "Value, 0 to 1, by the passes that count (setting tests.unsealed_passes)"),
        Column("low", REAL, "Lower end of the 95% interval (bootstrap by question)"),
        Column("high", REAL, "Upper end"),
        Column("gain", REAL, "Value minus that of base_policy, paired by question"),
        Column("gain_low", REAL, "Lower end of its 95% interval"),
        Column("gain_high", REAL, "Upper end"),
        Column("questions", WHOLE, "Held-out questions counted"),
        Column("with_unsealed", REAL, "Value if every pass counts, as benchmarks define it", nullable=True, late=True),
        Column("unsealed_share", REAL, "Share of unsealed passes among the passes", nullable=True, late=True),
    ),
)
