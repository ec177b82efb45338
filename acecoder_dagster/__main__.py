"""`python -m acecoder_dagster` is the `acecoder` command."""

from acecoder_dagster.cli.main import main

main()
