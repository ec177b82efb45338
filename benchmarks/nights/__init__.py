"""A month of nightly refreshes, and what a night costs that has nothing to do."""
