"""`python -m benchmarks.nights`."""

import typer

from benchmarks.nights.run import main

typer.run(main)
