"""What each changed setting makes out of date: exactly what depends on it, as `acecoder plan` says."""

from dataclasses import replace

import pytest

from tests.graph.refresh.projects import (
    EVERYTHING_OF_OURS,
    MODELS_OF_OTHERS,
    PROMPTED,
    after,
    opened,
    planned,
    with_setting,
)

COUNTING = (
    "acecode_dataset",
    "preference_pairs",
    "hard_questions",
    "policy_rule",
    "policy_reward_model",
    "best_of_n",
    "benchmark_scores",
)
JUDGING = ("oracle_results", "test_results", "test_quality", "policy_rule", "policy_reward_model", "policy_results")


@pytest.mark.parametrize(
    ("place", "value", "first"),
    [
        ("micro.tests_per_question", 7, ("seed_functions", "base_policy")),
        ("seeds.questions_per_batch", 13, ("seed_functions",)),
        ("inputs.probes", 9, ("candidate_tests",)),
        ("tests.min_tests", 2, ("filtered_tests",)),
        ("tests.max_tests", 8, ("filtered_tests",)),
        ("tests.mutants", 3, ()),
        ("tests.strengthening_rounds", 1, ("filtered_tests",)),
        ("tests.policy", "trusted", ("oracle_programs", "filtered_tests")),
        ("tests.unsealed_passes", "count", COUNTING),
        ("sandbox.memory_mb", 2048, ("candidate_tests", *JUDGING)),
        ("sandbox.set", "plain", ("candidate_tests", *JUDGING)),
        ("sandbox.workers", 5, ()),
        ("sandbox.retries", 5, ()),
        ("cluster.address", "auto", ()),
        ("prompt", "r1", PROMPTED),
        ("sampling.temperature", 0.3, ("sampled_programs", "policy_programs")),
        ("sampling.programs_per_question", 3, ("sampled_programs",)),
        ("sampling.engine.max_sequences", 3, ()),
        ("sampling.engine.replicas", 7, ()),
        ("sampling.engine.cpu_cache_gib", 7, ()),
        ("base_policy.supervised.epochs", 9, ("base_policy",)),
        ("base_policy.supervised.threads", 9, ()),
        ("base_policy.supervised.processes", 9, ()),
        ("base_policy.supervised.checkpoint_every", 9, ()),
        ("pairs.rule", "paper", ("preference_pairs",)),
        ("hard_questions.rule", "paper", ("hard_questions",)),
        ("reward_model.epochs", 9, ("reward_model",)),
        ("reward_model.tokens_per_forward", 99, ()),
        ("reward_model.checkpoint_every", 99, ()),
        ("reward_model.threads", 9, ()),
        ("reward_model.gradient_checkpointing", True, ()),
        ("scoring.max_tokens", 99, ("program_scores",)),
        ("scoring.tokens_per_forward", 99, ()),
        ("policy_rule.learning_rate", 0.5, ("policy_rule",)),
        ("policy_rule.rows_per_forward", 3, ()),
        ("policy_rule.scoring.max_tokens", 99, ()),
        ("policy_reward_model.scoring.max_tokens", 99, ("policy_reward_model",)),
        ("policy_reward_model.scoring.tokens_per_forward", 99, ()),
        ("evaluation.best_of", (1, 3), ("best_of_n",)),
        ("evaluation.pass_at", (1, 3), ("benchmark_scores",)),
        ("evaluation.programs_per_question", 3, ("policy_programs",)),
        ("evaluation.bootstrap_samples", 999, ("best_of_n", "benchmark_scores")),
        ("quality.min_validity", 0.5, ("test_quality",)),
        ("quality.batches", ("elsewhere-*",), ()),
        ("data.batches", ("procedural-*", "small-*", "found-*"), ()),
        ("machine.steps_at_once", 7, ()),
        ("curves.trackers", ("mlflow",), ()),
        ("refresh.data_cron", "0 5 * * *", ()),
        ("prices.machine_hour", 1.0, ()),
        ("questions.endpoint.concurrency", 3, ()),
    ],
)
def test_a_setting_makes_out_of_date_what_depends_on_it_and_nothing_else(made, place, value, first):
    project = opened(made(EVERYTHING_OF_OURS))
    changed = replace(project, settings=with_setting(project.settings, place, value))

    assert planned(project) == set()
    assert planned(changed) == after(changed, *first)


@pytest.mark.parametrize(
    ("place", "value", "first"),
    [
        ("questions.endpoint.model", "another", ("writer_answers",)),
        ("questions.endpoint.concurrency", 3, ()),
        ("questions.endpoint.price_per_million_prompt_tokens", 3.0, ()),
        ("questions.writer", "docstring", ("writer_answers", "questions", "candidate_tests")),
        ("tests.oracle_sampling.max_tokens", 99, ("oracle_programs",)),
        ("prompt", "r1", ("oracle_programs", *(name for name in PROMPTED if name != "base_policy"))),
        ("decontamination.likeness", 0.5, ("seed_functions",)),
        ("micro.tests_per_question", 7, ()),
        ("base_policy.supervised.epochs", 9, ()),
        ("reward_backbone.scratch.layers", 2, ()),
    ],
)
def test_with_models_of_others_too(made, place, value, first):
    project = opened(made(MODELS_OF_OTHERS))
    changed = replace(project, settings=with_setting(project.settings, place, value))

    assert planned(project) == set()
    assert planned(changed) == after(changed, *first)
