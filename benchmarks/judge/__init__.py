"""How fast the judge is."""
