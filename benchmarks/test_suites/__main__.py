"""`python -m benchmarks.test_suites`."""

import typer

from benchmarks.test_suites.run import main

typer.run(main)
