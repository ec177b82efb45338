"""Whether the judge says what EvalPlus says."""
