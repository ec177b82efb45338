"""`python -m benchmarks.strengthening`."""

import typer

from benchmarks.strengthening.run import main

typer.run(main)
