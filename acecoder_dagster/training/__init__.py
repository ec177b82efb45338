"""Training: policies from scratch or supervised, reward models from preference pairs, policies by reinforcement.

Everything here runs in worker processes of its own; importing this package (or ``settings``) never loads torch.
"""
