"""Prompt templates, one text file each; `sampling.prompts` explains their format."""
