"""`python -m acecoder_dagster` is the `acecoder` command."""

from acecoder_dagster.cli import main

main()
