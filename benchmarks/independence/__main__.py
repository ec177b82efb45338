"""`python -m benchmarks.independence`."""

import typer

from benchmarks.independence.run import main

typer.run(main)
