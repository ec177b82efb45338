"""`python -m benchmarks.strong_writers`."""

import typer

from benchmarks.strong_writers.run import main

typer.run(main)
