"""Test suites judged by the programs of strong models, with EvalPlus as the truth."""
