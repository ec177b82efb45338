"""`python -m benchmarks.memory`."""

import typer

from benchmarks.memory.run import main

typer.run(main)
