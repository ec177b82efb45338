"""Whether `acecoder eval` says what LiveCodeBench's checker says."""
