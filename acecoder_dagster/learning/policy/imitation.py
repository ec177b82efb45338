"""Programs for a small model to imitate: what somebody might have written for the questions at hand, right or wrong."""

from random import Random

import polars as pl

from acecoder_dagster import AceCoderError
from acecoder_dagster.python_source import NO_TREE, bare_source
from acecoder_dagster.questions.test_suites.choosing import mutants

FAULTY_SHARE = 0.5
"""Share of the programs that have a fault, where the question's program can have one."""
FAULTS_PER_QUESTION = 16
"""Different faulty programs of a question: enough for many pairs, few enough to be seen more than once."""


class NothingToImitateError(AceCoderError, ValueError):
    """No question can teach a model to write programs."""


def imitable_questions(questions: pl.DataFrame) -> pl.DataFrame:
    """Return the questions that a model may learn from, each with a right program.

    Args:
        questions: columns of QUESTIONS.

    Returns:
        Columns question_id, question, entry_point and program, ordered by id: questions of the train split whose
        reference program parses; the program is the reference without comments and docstrings, which are in the
        question.

    Raises:
        NothingToImitateError: there is none.
    """
    train = questions.filter((pl.col("split") == "train") & pl.col("reference_program").is_not_null())
    bare = [_bare(program) for program in train["reference_program"]]
    rows = train.select("question_id", "question", "entry_point", program=pl.Series(bare, dtype=pl.String))
    found = rows.filter(pl.col("program").is_not_null()).sort("question_id")
    if found.is_empty():
        raise NothingToImitateError(
            f"of {questions.height} questions with enough tests none is of the train split and has a reference program"
        )
    return found


def imitated_programs(references: pl.DataFrame, count: int, seed: int) -> pl.DataFrame:
    """Draw programs as buggy as code found in the wild: about half are references, half have one small fault.

    Nothing marks which, not even the style: faulty programs are printed from their syntax tree as references are.

    Args:
        references: column program, one row per question, as `imitable_questions` returns it, at least one row.
        count: how many programs to draw; the question of each is drawn anew.
        seed: decides which.

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
