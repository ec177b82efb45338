"""Policies: reinforcement by tests or by a reward model, and imitation."""
