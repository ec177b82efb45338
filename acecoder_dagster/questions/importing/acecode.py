"""The published AceCode-87K schema (TIGER-Lab/AceCode-87K on the Hugging Face hub, MIT).

Its pass rates are not read: they were divided by the number of tests before filtering and cannot be recomputed from
the file, while the pipeline measures its own.
"""

import re

import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, TEXTS, FileColumn
from acecoder_dagster.files.columns import INFERENCES
from acecoder_dagster.questions.importing.interchange import Contents, programs_table, questions_table
from acecoder_dagster.questions.importing.python_tests import defined_names, most_called_function

COLUMNS = (
    FileColumn("id", IDENTIFIER, "Id of the question", required=True),
    FileColumn("question", TEXT, "The text that a model is given", required=True),
    FileColumn("test_cases", TEXTS, "Tests, one assert statement each", required=True),
    FileColumn("source", TEXT, "oss, evol or stack_python_fns", default="acecode"),
    FileColumn("inferences", INFERENCES, "Answers of models with their pass rates", default=[]),
    FileColumn("split", TEXT, "Split, where the file has one", default=""),
    FileColumn("licence", TEXT, "Licence, where the file has one", default="MIT"),
)

ORIGIN = "TIGER-Lab/AceCode-87K"

_DEFINITION = re.compile(r"^[ \t]*(?:(?:async[ \t]+)?def[ \t]+\w+[ \t]*\(|class[ \t]+\w+[ \t]*[(:])", re.MULTILINE)
_LANGUAGE = re.compile(r"\A[ \t]*(?:python3?|py)?[ \t]*\n", re.IGNORECASE)


def convert(frame: pl.DataFrame, file: str) -> Contents:
    """Return questions and programs. The entry point is the function that most tests call."""
    programs = _programs(frame)
    first_programs = dict(
        programs.group_by("question_id", maintain_order=True).first().select("question_id", "program").iter_rows()
    )
    rows: list[dict[str, object]] = []
    for row in frame.iter_rows(named=True):
        defined = defined_names(first_programs.get(row["id"], ""))
        rows.append(
            {
                ROW: row[ROW],
                "question_id": row["id"],
                "source": row["source"],
                "split": row["split"],
                "question": row["question"],
                "entry_point": most_called_function(row["test_cases"], defined),
                "tests": row["test_cases"],
                "licence": row["licence"],
            }
        )
    return Contents(questions=questions_table(rows), programs=programs)


def _programs(frame: pl.DataFrame) -> pl.DataFrame:
    answers = (
        frame.select(ROW, pl.col("id").alias("question_id"), "licence", "inferences")
        .explode("inferences", empty_as_null=True)
        .drop_nulls("inferences")
        .unnest("inferences")
    )
    programs = pl.Series("program", [extract_program(answer) for answer in answers["completion"]], dtype=pl.String)
    named = answers.with_columns(programs, origin=pl.lit(ORIGIN)).rename(
        {"model_name": "model", "completion_id": "sample_index"}
    )
    counted = pl.int_range(pl.len(), dtype=pl.Int64).over("question_id", "model")
    named = named.with_columns(pl.col("sample_index").fill_null(counted))
    return programs_table(named)


def extract_program(completion: str) -> str:
    """Return the program of an answer: its first part that defines something, or else its first fenced block.

    Most published answers continue a prompt that ends in an opening fence: they start with the program itself, some
    with the word `python` before it, and close the fence at its end. Others are prose with fenced blocks.
    """
    unfenced, *blocks = completion.replace("\r\n", "\n").split("```")
    parts = [_LANGUAGE.sub("", part).strip("\n") for part in (unfenced, *blocks[::2])]
    return next((part for part in parts if _DEFINITION.search(part)), parts[min(1, len(parts) - 1)])
