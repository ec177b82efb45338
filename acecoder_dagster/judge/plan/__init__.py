"""How the tests of a question are taken apart: what runs where, and what is compared."""
