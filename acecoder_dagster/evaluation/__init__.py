"""How good reward models and policies are on held-out questions, with intervals, and the report of it.

Belongs here: pass@k, bootstrap intervals, best-of-N, comparison of policies, plots, the report.
Does not belong here: judging programs, scoring them with a reward model, Dagster.
"""

from acecoder_dagster.evaluation.best_of_n import best_of_n
from acecoder_dagster.evaluation.errors import EvaluationError
from acecoder_dagster.evaluation.plots import (
    Curve,
    plot_best_of_n,
    plot_histogram,
    plot_learning_curves,
    plot_pass_rates,
    plot_policies,
    plot_reasons,
)
from acecoder_dagster.evaluation.policy_scores import benchmark_scores
from acecoder_dagster.evaluation.report import Report, Seals, render_report
from acecoder_dagster.evaluation.reward_quality import RewardQuality, reward_quality
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.statistics import Interval, bootstrap_mean, pass_at_k

__all__ = [
    "Curve",
    "EvaluationError",
    "EvaluationSettings",
    "Interval",
    "Report",
    "RewardQuality",
    "Seals",
    "benchmark_scores",
    "best_of_n",
    "bootstrap_mean",
    "pass_at_k",
    "plot_best_of_n",
    "plot_histogram",
    "plot_learning_curves",
    "plot_pass_rates",
    "plot_policies",
    "plot_reasons",
    "render_report",
    "reward_quality",
]
