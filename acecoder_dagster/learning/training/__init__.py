"""What all trainings share: settings, checkpoints, teams of processes, devices; and supervised training from scratch.

Everything here runs in worker processes. Importing this package or `settings` never loads torch.
"""

ROLLOUTS_FILE = "rollouts.parquet"
"""In the folder of a policy: all rollouts of its training."""

VALIDATIONS_FILE = "validations.parquet"
"""In the folder of a policy: the figures of every validation."""

HACKING_REPORT_FILE = "hacking.md"
"""In the folder of a policy whose training showed reward hacking: what happened."""
