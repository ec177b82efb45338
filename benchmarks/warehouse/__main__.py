"""`python -m benchmarks.warehouse`."""

import typer

from benchmarks.warehouse.run import main

typer.run(main)
