"""`python -m benchmarks.bigcodebench`."""

import typer

from benchmarks.bigcodebench.run import main

typer.run(main)
