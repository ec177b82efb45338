"""What can be wrong with what a training is given."""


class RewardModelError(ValueError):
    """A reward model cannot be trained, converted or used with what was given; the message says what to do."""


class PolicyError(ValueError):
    """A policy cannot be trained with what was given; the message says what to do."""
