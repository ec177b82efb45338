"""Everything that trains or runs models: sampling, preference pairs, reward models, policies.

Torch is loaded in worker processes only (`workers`). Models are loaded in one place (`pretrained`).
"""
