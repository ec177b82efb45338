"""Official and generated tests become rows of `candidate_tests`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import ASSERT, CANDIDATE_TESTS, OFFICIAL
from acecoder_dagster.files import ROW
from acecoder_dagster.files.columns import FILE
from acecoder_dagster.questions.importing.python_tests import ExaminedTest, examine_test
from acecoder_dagster.questions.importing.question_rows import ImportedQuestions


@dataclass
class _Kept:
    test_id: str
    question_id: str
    test: str
    position: int
    origin: str
    times_written: int
    kind: str


def import_tests(
    imported: ImportedQuestions, official: pl.DataFrame, generated: pl.DataFrame, rejections: Rejections
) -> pl.DataFrame:
    """Return the tests that can be used, official ones before generated ones.

    Tests of one question with the same syntax tree are one test: the first is kept with the counts added, the others
    are rejected as duplicates of it. The first kind of a question's tests is the kind of them all.
    """
    entry_points = dict(imported.questions.select("question_id", "entry_point").iter_rows())
    kept: dict[tuple[str, str], _Kept] = {}
    positions: Counter[str] = Counter()
    kinds: dict[str, str] = {}

    def take(question_id: str, kind: str, text: str, origin: str, times_written: int, where: str) -> None:
        examined = examine_test(text, entry_points[question_id]) if kind == ASSERT else ExaminedTest(text, text)
        test_id = text_id(question_id, examined.text)
        if examined.reason is not None:
            evidence = f"{where}: {examined.evidence}: {examined.text}"
            rejections.add(test_id, question_id, examined.reason, evidence)
            return
        if kinds.setdefault(question_id, kind) != kind:
            evidence = f"{where}: a test of kind {kind} among those of kind {kinds[question_id]}: {examined.text}"
            rejections.add(test_id, question_id, Reason.ANOTHER_KIND_OF_TEST, evidence)
            return
        same = kept.get((question_id, examined.key))
        if same is not None:
            same.times_written += times_written
            evidence = f"{where}: by {origin}, same as test {same.test_id} by {same.origin}: {examined.text}"
            rejections.add(test_id, question_id, Reason.DUPLICATE, evidence)
            return
        position = positions[question_id]
        positions[question_id] += 1
        kept[question_id, examined.key] = _Kept(
            test_id, question_id, examined.text, position, origin, times_written, kind
        )

    for question_id, kind, text, where, reason, problem in official.iter_rows():
        if question_id not in entry_points:
            rejections.add(text_id(question_id, text), question_id, Reason.QUESTION_REJECTED, f"{where}: {text}")
        elif reason is not None:
            rejections.add(text_id(question_id, text), question_id, Reason(reason), f"{where}: {problem}: {text}")
        else:
            take(question_id, kind, text, OFFICIAL, 1, where)
    for upstream_id, question_id, model, text, count, where in _generated(imported, generated):
        if question_id is None:
            evidence = f"{where}: no question {upstream_id}: {text}"
            rejections.add(text_id(upstream_id, text), None, Reason.UNKNOWN_QUESTION, evidence)
        elif question_id not in entry_points:
            rejections.add(text_id(question_id, text), question_id, Reason.QUESTION_REJECTED, f"{where}: {text}")
        else:
            take(question_id, ASSERT, text, model, count, where)
    return _in_question_order(list(kept.values()), imported.questions)


def _generated(
    imported: ImportedQuestions, generated: pl.DataFrame
) -> Iterator[tuple[str, str | None, str, str, int, str]]:
    known = dict(imported.known.select("upstream_id", "question_id").iter_rows())
    columns = generated.select("question_id", "model", "tests", "counts", FILE, ROW)
    for upstream_id, model, tests, counts, file, row in columns.iter_rows():
        for text, count in zip(tests, counts or [1] * len(tests), strict=True):
            yield upstream_id, known.get(upstream_id), model, text, count, f"{file} row {row}"


def _in_question_order(kept: list[_Kept], questions: pl.DataFrame) -> pl.DataFrame:
    rows = [(t.test_id, t.question_id, t.test, t.position, t.origin, t.times_written, t.kind) for t in kept]
    order = questions.select("question_id").with_row_index("order")
    frame = pl.DataFrame(rows, schema=CANDIDATE_TESTS.schema, orient="row").join(order, on="question_id", how="left")
    return frame.sort("order", "position").drop("order")
