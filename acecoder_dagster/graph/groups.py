"""Groups of the graph, in the order in which the data travels, and who owns them."""

SYNTHESIS = "synthesis"
TESTS = "tests"
PROGRAMS = "programs"
TABLES = "tables"
TRAINING = "training"
EVALUATION = "evaluation"

DATA_OWNERS = ["team:data"]
TRAINING_OWNERS = ["team:training"]
