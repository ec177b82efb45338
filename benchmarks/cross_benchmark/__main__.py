"""`python -m benchmarks.cross_benchmark`."""

import typer

from benchmarks.cross_benchmark.run import main

typer.run(main)
