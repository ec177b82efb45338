"""LiveCodeBench's code generation format (huggingface.co/datasets/livecodebench/code_generation_lite, licence `cc`).

Tests are JSON lists of objects with `input`, `output` and `testtype`. The private ones may be compressed: JSON in a
pickled text in zlib in base64 (lcb_runner/benchmarks/code_generation.py in github.com/LiveCodeBench/LiveCodeBench,
`CodeGenerationProblem.__post_init__`). Nothing is unpickled here. As there, a `func_name` in the metadata says that a
function is called, else programs read standard input; there are no reference programs.
"""

import base64
import binascii
import json
import pickletools
import zlib
from typing import Any

import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, FileColumn, ImportFileError
from acecoder_dagster.files.limits import Allowance, TooLargeError, check_lists
from acecoder_dagster.questions.importing.interchange import Contents, questions_table

COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Id of the question", required=True),
    FileColumn("question_content", TEXT, "The question", required=True),
    FileColumn("starter_code", TEXT, "Start of the program; empty where it reads standard input", default=""),
    FileColumn("public_test_cases", TEXT, "Tests that the question shows, as JSON", required=True),
    FileColumn("private_test_cases", TEXT, "The other tests, as JSON or compressed", default="[]"),
    FileColumn("metadata", TEXT, "JSON object; func_name is the function to be called", default="{}"),
)

TEST_COLUMNS = ("public_test_cases", "private_test_cases")

MAX_DECOMPRESSED_BYTES = 1 << 29
"""More than the largest question has. All questions of a file together have an allowance by what they are packed to."""

_TEXT_OPCODES = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
_OTHER_OPCODES = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "STOP"}


def convert(frame: pl.DataFrame, file: str) -> Contents:
    """Return the questions, public tests before private ones. All are the benchmark's test split.

    Raises:
        ImportFileError: the private tests unpack to far more than their size.
    """
    packed = int(frame["private_test_cases"].str.len_bytes().sum())
    allowance = Allowance(packed, "give the tests as JSON that is not compressed")
    rows: list[dict[str, object]] = []
    for row in frame.iter_rows(named=True):
        try:
            tests = [each for column in TEST_COLUMNS for each in _tests(row, column, allowance)]
        except TooLargeError as error:
            raise ImportFileError([f"{file}, row {row[ROW]}, column private_test_cases: {error}"]) from error
        rows.append(
            {
                ROW: row[ROW],
                "question_id": row["question_id"],
                "source": "livecodebench",
                "split": "test",
                "question": _question(row["question_content"], row["starter_code"]),
                "entry_point": _function_name(row["metadata"]),
                "io_tests": json.dumps(tests),
                "licence": "cc",
            }
        )
    return Contents(questions=questions_table(rows))


def _question(content: str, starter_code: str) -> str:
    if starter_code.strip():
        return f"{content}\n\nComplete this code:\n\n{starter_code}"
    return f"{content}\n\nRead the input from standard input and print the answer."


def _function_name(metadata: str) -> str | None:
    """Return the name, empty where there is none; None, which gets the question rejected, where it cannot be read."""
    try:
        name = json.loads(metadata or "{}").get("func_name") or ""
    except (ValueError, AttributeError, RecursionError):
        return None
    return name if isinstance(name, str) else None


def _tests(row: dict[str, Any], column: str, allowance: Allowance) -> list[object]:
    """Return the list as it is. One that cannot be read becomes a single element, which is rejected as malformed."""
    try:
        tests = decoded_tests(row[column], allowance)
        return tests if isinstance(tests, list) else [f"{column}: no list: {tests!r}"]
    except (ValueError, RecursionError) as error:
        return [f"{column}: neither JSON nor compressed JSON: {error}"]


def decoded_tests(text: str, allowance: Allowance) -> object:
    """Return tests as they are written: JSON, or JSON that is compressed. Nothing is unpickled.

    Args:
        text: a cell of `TEST_COLUMNS`.
        allowance: what may still be unpacked.

    Raises:
        ValueError: it is neither.
        TooLargeError: more is unpacked than is allowed.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        data = _decompressed(text, allowance)
        check_lists(data)
        return json.loads(_pickled_text(data))


def _decompressed(text: str, allowance: Allowance) -> bytes:
    try:
        compressed = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(compressed, min(MAX_DECOMPRESSED_BYTES, allowance.left + 1))
    except zlib.error as error:
        raise ValueError(f"not compressed by zlib: {error}") from error
    allowance.spend(len(data))
    if not stream.eof:
        raise ValueError(f"cut off, or more than {MAX_DECOMPRESSED_BYTES:,} bytes")
    return data


def _pickled_text(data: bytes) -> str:
    """Return the text that a pickle of nothing but a text holds."""
    texts: list[str] = []
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in _TEXT_OPCODES:
            texts.append(str(argument))
        elif opcode.name not in _OTHER_OPCODES:
            raise ValueError(f"the pickle holds more than a text: {opcode.name}")
    if len(texts) != 1:
        raise ValueError(f"the pickle holds {len(texts)} texts")
    return texts[0]
