"""`python -m benchmarks.gpu`."""

import typer

from benchmarks.gpu.run import main

typer.run(main)
