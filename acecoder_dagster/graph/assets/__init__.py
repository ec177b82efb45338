"""The stages of the graph, in the order in which the data travels.

Belongs here: what each stage reads, calling the domain code, checks. Does not belong here: rules, algorithms, SQL; they
live in the packages below, which know nothing of Dagster.
"""

from acecoder_dagster.graph.assets.benchmark_rewards import benchmark_best_of_n, benchmark_rewards
from acecoder_dagster.graph.assets.benchmarks import benchmark_programs, benchmark_results, leaderboard
from acecoder_dagster.graph.assets.evaluation import (
    benchmark_scores,
    best_of_n,
    policy_programs,
    policy_results,
    program_scores,
)
from acecoder_dagster.graph.assets.preferences import hard_questions, preference_pairs
from acecoder_dagster.graph.assets.programs import base_policy, sampled_programs
from acecoder_dagster.graph.assets.quality import test_quality
from acecoder_dagster.graph.assets.report import report
from acecoder_dagster.graph.assets.results import test_results
from acecoder_dagster.graph.assets.seeds import imported_files, questions, seed_functions, writer_answers
from acecoder_dagster.graph.assets.tables import acecode_dataset, warehouse
from acecoder_dagster.graph.assets.tests import candidate_tests, filtered_tests, oracle_programs, oracle_results
from acecoder_dagster.graph.assets.training import policy_reward_model, policy_rule, reward_model
from acecoder_dagster.graph.assets.training_records import rollouts, training_curves

__all__ = [
    "STAGES",
    "acecode_dataset",
    "base_policy",
    "benchmark_best_of_n",
    "benchmark_programs",
    "benchmark_results",
    "benchmark_rewards",
    "benchmark_scores",
    "best_of_n",
    "candidate_tests",
    "filtered_tests",
    "hard_questions",
    "imported_files",
    "leaderboard",
    "oracle_programs",
    "oracle_results",
    "policy_programs",
    "policy_results",
    "policy_reward_model",
    "policy_rule",
    "preference_pairs",
    "program_scores",
    "questions",
    "report",
    "reward_model",
    "rollouts",
    "sampled_programs",
    "seed_functions",
    "test_quality",
    "test_results",
    "training_curves",
    "warehouse",
    "writer_answers",
]

STAGES = (
    imported_files,
    seed_functions,
    writer_answers,
    questions,
    candidate_tests,
    oracle_programs,
    oracle_results,
    filtered_tests,
    base_policy,
    sampled_programs,
    test_results,
    test_quality,
    warehouse,
    acecode_dataset,
    preference_pairs,
    hard_questions,
    reward_model,
    policy_rule,
    policy_reward_model,
    rollouts,
    training_curves,
    program_scores,
    best_of_n,
    policy_programs,
    policy_results,
    benchmark_scores,
    report,
    benchmark_programs,
    benchmark_results,
    benchmark_rewards,
    leaderboard,
    benchmark_best_of_n,
)
"""Every stage, each after all that it reads and waits for."""
