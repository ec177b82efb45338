"""Training: policies from scratch or supervised, reward models from preference pairs, policies by reinforcement.

Everything here runs in worker processes of its own; importing this package (or `settings`) never loads torch.
"""

ROLLOUTS_FILE = "rollouts.parquet"
"""In the folder of a policy: every rollout of its training."""

VALIDATIONS_FILE = "validations.parquet"
"""In the folder of a policy: the figures of every validation."""

HACKING_REPORT_FILE = "hacking.md"
"""In the folder of a policy that came to please its reward instead of solving questions: what happened."""
