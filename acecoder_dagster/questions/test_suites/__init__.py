"""Tests of a question: inputs, expected values, which tests are kept, and how good they are."""
