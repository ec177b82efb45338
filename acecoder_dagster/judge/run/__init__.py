"""A program's way through the sandboxes: batches, threads, workers, sandboxes that are kept, reports."""
