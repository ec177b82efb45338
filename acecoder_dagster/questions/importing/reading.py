"""Reading the files of an import and turning them into rows of the pipeline's tables."""

from dataclasses import dataclass, field

import polars as pl

from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import CANDIDATE_TESTS
from acecoder_dagster.files import ROW, ImportFileError, Problems, read_source
from acecoder_dagster.files.columns import FILE, REVISION
from acecoder_dagster.questions.importing.candidate_rows import import_tests
from acecoder_dagster.questions.importing.formats import Role, read_contents
from acecoder_dagster.questions.importing.imported import IMPORTED_TABLES, ImportedTables
from acecoder_dagster.questions.importing.interchange import PROGRAM_COLUMNS, QUESTION_COLUMNS, TEST_COLUMNS, empty
from acecoder_dagster.questions.importing.manifest import ImportManifest
from acecoder_dagster.questions.importing.program_rows import import_programs
from acecoder_dagster.questions.importing.question_rows import import_questions


@dataclass
class _Files:
    """Everything read, in the interchange schema with `_row`, `_file` and `_revision`."""

    questions: list[pl.DataFrame] = field(default_factory=list)
    tests: list[pl.DataFrame] = field(default_factory=list)
    programs: list[pl.DataFrame] = field(default_factory=list)


def read_import(manifest: ImportManifest) -> ImportedTables:
    """Read the files of the manifest.

    Rows that cannot be used but harm nothing else are among `rejected`, with reason and evidence: rows in the files are
    rows kept plus rows rejected, for questions, tests and programs. `seeds` has one row per question kept.

    Raises:
        ImportFileError: when files cannot be read or understood, question ids occur twice, a program is over the limit,
            no question is usable, or a file of tests or programs belongs to none of the questions. All problems found
            are in the one error.
    """
    files = _read_files(manifest)
    questions = _together(files.questions, empty(QUESTION_COLUMNS))
    tests = _together(files.tests, empty(TEST_COLUMNS))
    programs = _together(files.programs if manifest.with_programs else [], empty(PROGRAM_COLUMNS))
    _check_between_files(questions, tests, programs, manifest.max_program_bytes)

    imported = import_questions(questions, manifest)
    if imported.questions.is_empty():
        reasons = ", ".join(
            f"{reason} ({rows} rows)"
            for _, reason, rows in imported.rejected.group_by("row_kind", "reason").len().iter_rows()
        )
        raise ImportFileError([f"{', '.join(manifest.questions)}: no question can be used: {reasons}"])
    official = imported.official_tests if manifest.tests != "generated" else imported.official_tests.clear()
    rejected_tests = Rejections(CANDIDATE_TESTS.name, "test")
    candidate_tests = import_tests(imported, official, tests, rejected_tests)
    kept_programs, rejected_programs = import_programs(imported, programs)
    frames = {
        "seeds": imported.seeds,
        "questions": imported.questions,
        "candidate_tests": candidate_tests,
        "programs": kept_programs,
        "rejected": pl.concat([imported.rejected, rejected_programs, rejected_tests.table()]),
    }
    result = ImportedTables(**{name: IMPORTED_TABLES[name].conform(frame) for name, frame in frames.items()})
    rows_in = {
        "question": questions.height,
        "test": official.height + int(tests["tests"].list.len().sum()),
        "program": programs.height,
    }
    counted = {kind: count.rows_in for kind, count in result.counts().items()}
    assert counted == rows_in, f"rows were lost: {rows_in} read, {counted} kept and rejected"
    return result


def _read_files(manifest: ImportManifest) -> _Files:
    files = _Files()
    problems = Problems()
    addresses: list[tuple[Role, str]] = [
        *(("questions", address) for address in manifest.questions),
        *(("generated tests", address) for address in manifest.generated_tests),
        *(("programs", address) for address in manifest.programs),
    ]
    for role, address in addresses:
        try:
            source = read_source(address)
            contents = read_contents(source, role, problems)
        except ImportFileError as error:
            problems.found.extend(error.problems)
            continue
        if contents is None:
            continue
        tables = (
            (files.questions, contents.questions),
            (files.tests, contents.tests),
            (files.programs, contents.programs),
        )
        for parts, table in tables:
            if not table.is_empty():
                parts.append(
                    table.with_columns(pl.lit(source.name).alias(FILE), pl.lit(source.revision).alias(REVISION))
                )
    problems.raise_if_any()
    return files


def _together(parts: list[pl.DataFrame], none: pl.DataFrame) -> pl.DataFrame:
    located = none.with_columns(pl.lit("").alias(FILE), pl.lit("").alias(REVISION))
    return pl.concat([located, *(part.select(located.columns) for part in parts)])


def _check_between_files(
    questions: pl.DataFrame, tests: pl.DataFrame, programs: pl.DataFrame, max_program_bytes: int
) -> None:
    """Raise for what is wrong between the files; single rows that cannot be used are rejected later."""
    problems = Problems()
    _check_questions(questions, problems)
    _check_counts(tests, problems)
    sizes = programs.select(FILE, ROW, size=pl.col("program").str.len_bytes())
    for file, row, size in sizes.filter(pl.col("size") > max_program_bytes).iter_rows():
        what = (
            f"the program has {size:,} bytes, the limit is {max_program_bytes:,}; remove it or raise max_program_bytes"
        )
        problems.add(file, what, row=row, column="program")
    for kind, table in (("tests", tests), ("programs", programs)):
        known = pl.col("question_id").is_in(questions["question_id"].implode())
        by_file = table.group_by(FILE, maintain_order=True).agg(
            known.any().alias("known"), pl.col("question_id").first()
        )
        for file, _, example in by_file.filter(~pl.col("known")).iter_rows():
            what = f"none of its {kind} is for a question of this import (its first is for {example!r}); check the ids"
            problems.add(file, what, column="question_id")
    problems.raise_if_any()


def _check_questions(questions: pl.DataFrame, problems: Problems) -> None:
    twice = questions.filter(~pl.col("question_id").is_first_distinct())
    firsts = questions.unique("question_id", keep="first").select("question_id", first_file=FILE, first_row=ROW)
    located = twice.join(firsts, on="question_id", maintain_order="left").select(
        FILE, ROW, "question_id", "first_file", "first_row"
    )
    for file, row, question_id, first_file, first_row in located.iter_rows():
        what = f"question id {question_id!r} occurs twice, first in {first_file} row {first_row}; ids must be unique"
        problems.add(file, what, row=row, column="question_id")
    unchecked = questions.filter(~pl.col("tests_faithful"), pl.col("check_code").str.strip_chars() == "")
    for file, row in unchecked.select(FILE, ROW).iter_rows():
        problems.add(file, "empty, but tests_faithful is false; give the test", row=row, column="check_code")


def _check_counts(tests: pl.DataFrame, problems: Problems) -> None:
    lengths = tests.select(FILE, ROW, written=pl.col("tests").list.len(), counted=pl.col("counts").list.len())
    for file, row, written, counted in lengths.filter(pl.col("written") != pl.col("counted")).iter_rows():
        problems.add(file, f"{counted} counts for {written} tests; give one per test", row=row, column="counts")
