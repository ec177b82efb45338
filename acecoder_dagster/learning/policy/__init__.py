"""Policies: reinforcement learning with rewards from tests or from a reward model, and programs to imitate."""
