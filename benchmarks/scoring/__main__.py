"""`python -m benchmarks.scoring`."""

import typer

from benchmarks.scoring.run import main

typer.run(main)
