"""Judges programs by the tests of benchmarks: what each format's tests are for the judge, and what came of them."""
