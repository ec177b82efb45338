"""`python -m benchmarks.stability`."""

import typer

from benchmarks.stability.run import main

typer.run(main)
