"""The models of the graph."""

from acecoder_dagster.graph.inputs import Model
from acecoder_dagster.learning.model_address import SCRATCH
from acecoder_dagster.settings import Settings


def _named_base_policy(settings: Settings) -> str | None:
    model = settings.base_policy.model
    return None if model == SCRATCH else model


BASE_POLICY = Model("base_policy", _named_base_policy)
REWARD_MODEL = Model("reward_model")
POLICY_RULE = Model("policy_rule")
POLICY_REWARD_MODEL = Model("policy_reward_model")

POLICIES = (POLICY_RULE, POLICY_REWARD_MODEL)
"""What reinforcement trains."""

BENCHMARKED = {model.name: model for model in (BASE_POLICY, *POLICIES)}
"""Models that answer questions and can be evaluated on standard benchmarks, by name."""

MODELS = (BASE_POLICY, REWARD_MODEL, *POLICIES)
"""All models, in the order in which they are trained."""
