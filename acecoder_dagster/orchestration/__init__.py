"""What the assets share of Dagster: partitions, the project resource, running a stage, worker processes, jobs.

Does not belong here: the assets themselves (`assets`), and anything that works without Dagster (the domain packages).
"""
