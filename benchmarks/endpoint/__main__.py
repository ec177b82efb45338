"""`python -m benchmarks.endpoint`."""

import typer

from benchmarks.endpoint.run import main

typer.run(main)
