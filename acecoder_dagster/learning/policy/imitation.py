"""Programs for a small model to imitate: right and wrong answers to the questions of a project."""

from random import Random

import polars as pl

from acecoder_dagster import AceCoderError
from acecoder_dagster.python_source import NO_TREE, bare_source
from acecoder_dagster.questions.test_suites.choosing import mutants

FAULTY_SHARE = 0.5
"""Share of programs with a fault, of questions whose program can be given one."""
FAULTS_PER_QUESTION = 16
"""Different programs with a fault for each question: enough for many pairs, few enough to be seen more than once."""


class NothingToImitateError(AceCoderError, ValueError):
    """No question has a program that a model could imitate."""


def imitable_questions(questions: pl.DataFrame) -> pl.DataFrame:
    """Return the questions of the train split whose reference program parses, each with a right program.

    Args:
        questions: Questions (`tables.QUESTIONS`).

    Returns:
        Columns question_id, question, entry_point and program, ordered by id. The program is the reference program
        without comments and docstrings: the question says the same.

    Raises:
        NothingToImitateError: There is no such question.
    """
    train = questions.filter((pl.col("split") == "train") & pl.col("reference_program").is_not_null())
    bare = [_bare(program) for program in train["reference_program"]]
    rows = train.select("question_id", "question", "entry_point", program=pl.Series(bare, dtype=pl.String))
    found = rows.filter(pl.col("program").is_not_null()).sort("question_id")
    if found.is_empty():
        raise NothingToImitateError(
            f"None of {questions.height} questions with enough tests is in the train split and has a reference program."
        )
    return found


def imitated_programs(references: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """Draw programs: about half are reference programs, and half have one small fault.

    All are printed from their syntax tree, so that their style does not show which ones have a fault.

    Args:
        references: Column program, one row per question, as `imitable_questions` returns it; at least one row.
        count: How many programs to draw. The question of each is drawn independently.
        seed: Decides which.

    Returns:
        The columns of `references`, `count` rows.
    """
    random = Random(f"imitation {seed}")
    faulty = [mutants(program, FAULTS_PER_QUESTION, seed) for program in references["program"]]
    drawn = [random.randrange(references.height) for _ in range(count)]
    programs = references["program"].to_list()
    written = [
        random.choice(faulty[row]) if faulty[row] and random.random() < FAULTY_SHARE else programs[row] for row in drawn
    ]
    return references[drawn].with_columns(program=pl.Series(written, dtype=pl.String))


def _bare(program: str) -> str | None:
    try:
        return bare_source(program)
    except NO_TREE:
        return None
