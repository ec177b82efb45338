"""How long reinforcement waits for the judge."""
