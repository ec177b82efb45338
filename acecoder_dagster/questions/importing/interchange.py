"""Our own file formats. Every other format is turned into these, so that everything after reading exists once."""

from dataclasses import dataclass, field

import polars as pl

from acecoder_dagster.files import IDENTIFIER, REAL, ROW, TEXT, TEXTS, FileColumn
from acecoder_dagster.files.columns import FLAG, JSON, WHOLE, WHOLES
from acecoder_dagster.questions.importing.python_tests import defined_names, most_called_function

UNKNOWN = "unknown"

QUESTION_COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Id of the question, unique among all files of the import", required=True),
    FileColumn("question", TEXT, "The text that a model is given", required=True),
    FileColumn("entry_point", TEXT, "Function or class to write; found for tests, none for io_tests on standard input"),
    FileColumn("source", TEXT, "Name of the data set; else the file's name without its ending"),
    FileColumn("split", TEXT, "train, validation or test; other words count as none", default=""),
    FileColumn("reference_program", TEXT, "A trusted right answer; none if empty"),
    FileColumn("tests", TEXTS, "Tests, one assert statement each", default=[]),
    FileColumn("tests_faithful", FLAG, "false: `tests` does not say all, `check_code` is the one test", default=True),
    FileColumn("setup_code", TEXT, "Code that runs before the tests", default=""),
    FileColumn("check_code", TEXT, "The tests as one program, used where tests_faithful is false", default=""),
    FileColumn("test_code", TEXT, "Tests as code: check(candidate) or unittest.TestCase classes", default=""),
    FileColumn("io_tests", JSON, "Tests as a list of objects with the texts input and output", default=""),
    FileColumn("challenge_tests", TEXTS, "Harder tests that the data set does not count; kept as rejected", default=[]),
    FileColumn("licence", TEXT, "SPDX licence identifier, or the words of the source", default=UNKNOWN),
)

TEST_COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Question the tests are for", required=True),
    FileColumn("model", TEXT, "Model that wrote them", required=True),
    FileColumn("tests", TEXTS, "Tests as written", required=True),
    FileColumn("counts", WHOLES, "How often each was written; else once each"),
)

PROGRAM_COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Question the program answers", required=True),
    FileColumn("model", TEXT, "Model that wrote it", required=True),
    FileColumn("program", TEXT, "Complete Python source", required=True),
    FileColumn("program_id", IDENTIFIER, "Id of the program in its source"),
    FileColumn("model_revision", TEXT, "Revision of the model", default=UNKNOWN),
    FileColumn(
        "sample_index", WHOLE, "Number among the programs of its question and model; else counted in file order"
    ),
    FileColumn("temperature", REAL, "Sampling temperature"),
    FileColumn("sampling", TEXT, "How it was sampled", default=UNKNOWN),
    FileColumn("origin", TEXT, "Where it was published; else the file's name"),
    FileColumn("licence", TEXT, "Licence of the program or terms of its model", default=UNKNOWN),
)


def empty(columns: tuple[FileColumn, ...]) -> pl.DataFrame:
    """Return a table of these columns and `_row` without rows."""
    return pl.DataFrame(schema={ROW: pl.Int64(), **{column.name: column.kind.dtype for column in columns}})


@dataclass(frozen=True)
class Contents:
    """What one file holds, in the interchange schema, each table with the `_row` its rows come from."""

    questions: pl.DataFrame = field(default_factory=lambda: empty(QUESTION_COLUMNS))
    tests: pl.DataFrame = field(default_factory=lambda: empty(TEST_COLUMNS))
    programs: pl.DataFrame = field(default_factory=lambda: empty(PROGRAM_COLUMNS))


def questions_table(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Return questions given as dictionaries (with `_row`) as a table; columns not given get their defaults."""
    frame = empty(QUESTION_COLUMNS)
    filled = [{ROW: row[ROW]} | {c.name: row.get(c.name, c.default) for c in QUESTION_COLUMNS} for row in rows]
    return pl.DataFrame(filled, schema=frame.schema)


def programs_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Return programs with all columns; those that are absent get their defaults."""
    absent = [column for column in PROGRAM_COLUMNS if column.name not in frame.columns]
    defaults = [pl.lit(column.default, dtype=column.kind.dtype).alias(column.name) for column in absent]
    return frame.with_columns(defaults).select(empty(PROGRAM_COLUMNS).columns)


def convert_questions(frame: pl.DataFrame, file: str) -> Contents:
    """Return questions of our own format. An entry point that is not given is the function that most tests call."""
    entry_points = [
        entry_point or most_called_function(tests, defined_names(reference or "")) or ""
        for entry_point, tests, reference in frame.select("entry_point", "tests", "reference_program").iter_rows()
    ]
    return Contents(
        questions=frame.with_columns(
            pl.col("source").fill_null(file.partition(".")[0]),
            pl.Series("entry_point", entry_points, dtype=pl.String),
        )
    )


def convert_tests(frame: pl.DataFrame, file: str) -> Contents:
    """Return generated tests of our own format."""
    return Contents(tests=frame)


def convert_programs(frame: pl.DataFrame, file: str) -> Contents:
    """Return programs of our own format."""
    counted = pl.int_range(pl.len(), dtype=pl.Int64).over("question_id", "model")
    return Contents(
        programs=frame.with_columns(pl.col("sample_index").fill_null(counted), pl.col("origin").fill_null(file))
    )
