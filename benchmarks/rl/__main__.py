"""`python -m benchmarks.rl`."""

import typer

from benchmarks.rl.run import main

typer.run(main)
