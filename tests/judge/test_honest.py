import pytest

from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests
from tests.judge.honest import HONEST


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_program_passes_every_test(judge: Judge, name: str):
    program, tests = HONEST[name]
    question = QuestionTests(name, "solve", "", tuple(tests))
    (verdict,) = judge.judge([ProgramJob(question, "honest", program)])
    failed = [(t, o) for t, o in zip(tests, verdict.outcomes, strict=True) if o != "passed"]
    assert not failed, (failed, verdict.message)
    assert verdict.verdict == "passed"
    assert verdict.pass_rate == 1.0
