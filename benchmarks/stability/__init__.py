"""Whether verdicts depend on order or load."""
