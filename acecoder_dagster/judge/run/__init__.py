"""A program's way through the sandboxes: groups, threads, workers, sandboxes that are kept, reports."""
