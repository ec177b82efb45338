"""Questions and tests that a language model wrote from seeds: prompts out, answers in, as tables."""

import ast
from collections.abc import Callable
from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import CANDIDATE_TESTS, QUESTIONS, WRITER_ANSWERS
from acecoder_dagster.python_source import unparse
from acecoder_dagster.questions.importing import ExaminedTest, examine_test
from acecoder_dagster.questions.seeding import outside_effect
from acecoder_dagster.questions.test_suites.expectations import WrittenTests
from acecoder_dagster.questions.writing.answers import UnusableAnswerError, WrittenQuestion, read_answer
from acecoder_dagster.questions.writing.endpoint import Answer, AnswerCache, EndpointSettings, ask
from acecoder_dagster.questions.writing.prompts import prompt_text, writer_chat

_PER_MILLION = 1_000_000


def ask_writer(
    seeds: pl.DataFrame,
    prompt: str,
    settings: EndpointSettings,
    cache_file: Path,
    seed: int,
    advance: Callable[[int], None],
) -> pl.DataFrame:
    """Ask a model for a question about every seed and return its answers (columns of WRITER_ANSWERS).

    Args:
        seeds: columns of SEED_FUNCTIONS.
        prompt: name of the prompt file.
        settings: the endpoint.
        cache_file: where answers are kept; what is in it is not asked again.
        seed: for the endpoint's sampling.
        advance: called with the number of answers that are new.

    Raises:
        EndpointError: see `endpoint.ask`.
        WriterPromptError: there is no such prompt.
    """
    text = prompt_text(prompt)
    rows = seeds.select("seed_id", "code", "instruction").to_dicts()
    chats = [writer_chat(text, row["code"] or "", row["instruction"], seed) for row in rows]
    with AnswerCache(cache_file) as cache:
        answers = ask(chats, settings, cache, advance)
    written = [
        {
            "seed_id": row["seed_id"],
            "request_key": chat.key(settings),
            "prompt": prompt,
            "prompt_hash": text_id(text),
            "model": answer.model or settings.model,
            **_answer_fields(answer),
            "cost": _cost(answer, settings),
        }
        for row, chat, answer in zip(rows, chats, answers, strict=True)
    ]
    return WRITER_ANSWERS.conform(pl.DataFrame(written, schema=WRITER_ANSWERS.schema))


def written_questions(seeds: pl.DataFrame, answers: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the questions in a model's answers.

    Args:
        seeds: columns of SEED_FUNCTIONS.
        answers: columns of WRITER_ANSWERS, one row per seed.

    Returns:
        Rows of QUESTIONS and of REJECTED_ROWS; together as many as seeds.
    """
    questions: list[dict[str, object]] = []
    rejected = Rejections(QUESTIONS.name, "seed")
    for row in seeds.join(answers, on="seed_id", how="left", maintain_order="left").iter_rows(named=True):
        try:
            written = _written(row)
        except UnusableAnswerError as error:
            rejected.add(row["seed_id"], None, error.reason, error.evidence)
            continue
        questions.append(
            {
                "question_id": _question_id(row, written),
                **{name: row[name] for name in ("seed_id", "source", "upstream_id", "split", "licence")},
                "question": written.question,
                "entry_point": written.entry_point,
                "setup_code": "",
                "reference_program": None,
                "writer": row["model"],
            }
        )
    rows = QUESTIONS.conform(pl.DataFrame(questions, schema=QUESTIONS.schema))
    return rows, rejected.table()


def written_tests(seeds: pl.DataFrame, answers: pl.DataFrame) -> WrittenTests:
    """Return the tests in a model's answers that can be used, and why the others cannot.

    A test must parse, assert something, call the function that the question asks for, and use nothing else. Tests of
    one question with the same syntax tree count as one. Tests that expect different values of one call contradict each
    other, and all of them are rejected.
    """
    tests: list[dict[str, object]] = []
    rejected = Rejections(CANDIDATE_TESTS.name, "test")
    for row in seeds.join(answers, on="seed_id", maintain_order="left").iter_rows(named=True):
        try:
            written = _written(row)
        except UnusableAnswerError:
            continue
        question_id = _question_id(row, written)
        kept, refused = _usable_tests(written)
        for text, reason, evidence in refused:
            rejected.add(text_id(question_id, text), question_id, reason, evidence)
        tests.extend(
            {
                "test_id": text_id(question_id, test),
                "question_id": question_id,
                "test": test,
                "position": position,
                "origin": row["model"],
                "times_written": times,
            }
            for position, (test, times) in enumerate(kept)
        )
    return WrittenTests(
        CANDIDATE_TESTS.conform(pl.DataFrame(tests, schema=CANDIDATE_TESTS.schema)),
        rejected.table(),
        len(tests) + len(rejected),
    )


def _usable_tests(
    written: WrittenQuestion,
) -> tuple[list[tuple[str, int]], list[tuple[str, Reason, str]]]:
    """Return the tests to keep with how often each was written, and the others with reason and evidence."""
    times: dict[str, int] = {}
    expected: dict[str, list[str]] = {}
    refused: list[tuple[str, Reason, str]] = []
    for text in written.tests:
        examined = examine_test(text, written.entry_point)
        statement = _only_assert(examined)
        if not isinstance(statement, ast.Assert):
            reason, evidence = statement
            refused.append((examined.text, reason, f"{evidence}: {examined.text}"))
            continue
        test = unparse(statement)
        times[test] = times.get(test, 0) + 1
        if times[test] > 1:
            refused.append((examined.text, Reason.DUPLICATE, examined.text))
        else:
            expected.setdefault(_asked(statement), []).append(test)
    contested = {test for tests in expected.values() if len(tests) > 1 for test in tests}
    refused += [(test, Reason.CONTRADICTS_ANOTHER, test) for test in times if test in contested]
    return [(test, count) for test, count in times.items() if test not in contested], refused


def _only_assert(examined: ExaminedTest) -> ast.Assert | tuple[Reason, str]:
    """Return the test's one assert statement, or why the test is not used, and what was seen."""
    if examined.reason is not None:
        return examined.reason, examined.evidence
    match examined.tree:
        case ast.Module(body=[ast.Assert() as statement]) as tree:
            effect = outside_effect(tree)
            return (Reason.REACHES_OUTSIDE, effect) if effect else statement
    return Reason.NOT_ONE_ASSERT, "more than one assert statement"


def _asked(test: ast.Assert) -> str:
    """Return what a test asks: the left side of an equality, else all of it."""
    condition = test.test
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1 and isinstance(condition.ops[0], ast.Eq):
        return ast.dump(condition.left)
    return ast.dump(condition)


def _written(row: dict[str, object]) -> WrittenQuestion:
    if row["answer"] is None:
        raise UnusableAnswerError(Reason.NO_ANSWER, str(row["problem"] or "not asked"))
    return read_answer(str(row["answer"]))


def _question_id(row: dict[str, object], written: WrittenQuestion) -> str:
    return text_id(str(row["source"]), str(row["upstream_id"]), written.question, written.entry_point)


def _answer_fields(answer: Answer) -> dict[str, object]:
    return {
        "answer": None if answer.problem else answer.text,
        "problem": answer.problem,
        "finish_reason": answer.finish_reason,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "attempts": answer.attempts,
        "seconds": answer.seconds,
        "reused": answer.reused,
    }


def _cost(answer: Answer, settings: EndpointSettings) -> float:
    prompt = (answer.prompt_tokens or 0) * settings.price_per_million_prompt_tokens
    completion = (answer.completion_tokens or 0) * settings.price_per_million_completion_tokens
    return (prompt + completion) / _PER_MILLION
