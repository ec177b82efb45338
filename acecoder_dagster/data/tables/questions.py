"""Tables of seed functions and of the questions that are written from them."""

import polars as pl

from acecoder_dagster.data.tables.table import REAL, TEXT, WHOLE, Column, Table

SEED_FUNCTIONS = Table(
    "seed_functions",
    "Code to write questions from. One row per function or imported question.",
    "seed_id",
    (
        Column("seed_id", TEXT, "Hash of source, upstream_id and code"),
        Column("source", TEXT, "Where the seed comes from: data set name, folder, or `procedural`"),
        Column("upstream_id", TEXT, "Id of the row in its source"),
        Column("upstream_revision", TEXT, "Revision or file hash of the source"),
        Column("licence", TEXT, "SPDX licence identifier of the code, or the words of the source"),
        Column("split", TEXT, "train, validation or test; everything made from this seed keeps it"),
        Column("instruction", TEXT, "What the code does, in words", nullable=True),
        Column("code", TEXT, "The seed code; null where an imported question has none", nullable=True),
        Column("entry_point", TEXT, "Name of the function that the question will be about"),
        Column("argument_texts", pl.List(TEXT), "Python source of argument lists to call it with, one per test"),
    ),
)

WRITER_ANSWERS = Table(
    "writer_answers",
    "What a language model answered when it was asked for questions. One row per seed that it was asked about.",
    "seed_id",
    (
        Column("seed_id", TEXT, "Seed it was asked about"),
        Column("request_key", TEXT, "Hash of messages, schema, seed, model and sampling: equal requests are paid once"),
        Column("prompt", TEXT, "Name of the prompt file"),
        Column("prompt_hash", TEXT, "Hash of its text"),
        Column("model", TEXT, "Model that answered, in the endpoint's words"),
        Column("answer", TEXT, "Its words; null where it did not answer", nullable=True),
        Column("problem", TEXT, "Why there is no answer, null where there is one", nullable=True),
        Column("finish_reason", TEXT, "stop, length, or what else the endpoint says", nullable=True),
        Column("prompt_tokens", WHOLE, "Tokens of the request, null where the endpoint does not say", nullable=True),
        Column("completion_tokens", WHOLE, "Tokens of the answer, likewise", nullable=True),
        Column("attempts", WHOLE, "How often it was asked, with repetitions after errors"),
        Column("seconds", REAL, "From the first attempt to the answer"),
        Column("reused", pl.Boolean(), "Whether the answer had been paid for by an earlier run"),
        Column("cost", REAL, "Price of the answer by the prices of the profile, paid once"),
    ),
)

QUESTIONS = Table(
    "questions",
    "Coding questions, each answered by one function.",
    "question_id",
    (
        Column("question_id", TEXT, "Hash of source, upstream_id, question and entry_point"),
        Column("seed_id", TEXT, "Seed it was written from"),
        Column("source", TEXT, "Where it comes from: data set name or `procedural`"),
        Column("upstream_id", TEXT, "Id of the row in its source, e.g. HumanEval/0"),
        Column("split", TEXT, "train, validation or test"),
        Column("licence", TEXT, "SPDX licence identifier, or the words of the source"),
        Column("question", TEXT, "The text that a model is given"),
        Column("entry_point", TEXT, "Function or class to write; empty where programs read standard input"),
        Column("setup_code", TEXT, "Code that runs before the tests, empty for most"),
        Column("reference_program", TEXT, "A trusted right answer", nullable=True),
        Column("writer", TEXT, "Model that wrote the question, `procedural` or `imported`"),
    ),
)
