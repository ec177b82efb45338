"""Steps that several assets do in the same way."""
