"""How fast finished programs are scored, and whether the scores are EvalPlus's."""
