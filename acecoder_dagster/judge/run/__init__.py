"""One program's way through a sandbox: threads, workers, batches, outcomes."""
