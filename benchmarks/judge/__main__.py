"""`python -m benchmarks.judge`."""

import typer

from benchmarks.judge.run import main

typer.run(main)
