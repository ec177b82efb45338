"""What can be wrong with what a reward model is given."""


class RewardModelError(ValueError):
    """A reward model cannot be trained, converted or used with what was given; the message says what to do."""
