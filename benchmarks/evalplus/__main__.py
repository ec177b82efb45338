"""`python -m benchmarks.evalplus`."""

import typer

from benchmarks.evalplus.run import main

typer.run(main)
