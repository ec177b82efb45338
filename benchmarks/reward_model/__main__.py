"""`python -m benchmarks.reward_model`."""

import typer

from benchmarks.reward_model.run import main

typer.run(main)
