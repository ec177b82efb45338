"""`python -m benchmarks.livecodebench`."""

import typer

from benchmarks.livecodebench.run import main

typer.run(main)
