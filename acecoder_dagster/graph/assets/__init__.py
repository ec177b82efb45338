"""The graph, one module per stage in the order in which the data travels.

Belongs here: reading inputs, calling the domain code, reporting metadata and checks. Does not belong here: rules,
algorithms, SQL - they live in the domain packages, which know nothing of Dagster.
"""
