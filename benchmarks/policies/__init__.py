"""What reward models and reinforcement bring, by seed."""
