"""`python -m benchmarks.hostile`."""

import typer

from benchmarks.hostile.run import main

typer.run(main)
