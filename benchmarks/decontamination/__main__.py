"""`python -m benchmarks.decontamination`."""

import typer

from benchmarks.decontamination.run import main

typer.run(main)
