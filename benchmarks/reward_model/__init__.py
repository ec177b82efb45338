"""How fast reward models are trained beside TRL."""
