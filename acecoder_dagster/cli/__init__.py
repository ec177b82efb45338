"""The `acecoder` command: one module per command."""
