"""`python -m benchmarks.cluster`."""

import typer

from benchmarks.cluster.run import main

typer.run(main)
