"""Prompt templates, one text file each; `sampling.prompts` explains their format.

`plain` is the micro profile's own, `evalplus` that of evalplus for instruct models, `r1` that of DeepSeek-R1-Zero
(arXiv 2501.12948, table 1), with which a base model is trained by reinforcement without supervised training before.
"""
