"""`python -m benchmarks.agreement`."""

import typer

from benchmarks.agreement.run import main

typer.run(main)
