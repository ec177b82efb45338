"""How fast the warehouse, its queries and the preference pairs are at the paper's scale."""
