"""`python -m benchmarks.policies`."""

import typer

from benchmarks.policies.run import main

typer.run(main)
