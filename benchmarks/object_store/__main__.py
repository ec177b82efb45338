"""`python -m benchmarks.object_store`."""

import typer

from benchmarks.object_store.run import main

typer.run(main)
