"""Groups of the graph, in the order in which the data travels, and who owns them."""

SYNTHESIS = "synthesis"
TESTS = "tests"
PROGRAMS = "programs"
TABLES = "tables"
TRAINING = "training"
EVALUATION = "evaluation"
BENCHMARKS = "benchmarks"

DATA_GROUPS = (SYNTHESIS, TESTS, PROGRAMS, TABLES)
"""What a nightly refresh works on."""

OWNERS = {group: ["team:data"] for group in DATA_GROUPS} | {
    TRAINING: ["team:training"],
    EVALUATION: ["team:training"],
    BENCHMARKS: ["team:training"],
}
"""Owners of the assets of a group."""
