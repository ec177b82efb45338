import pytest

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.questions.test_suites.expectations import write_tests
from acecoder_dagster.questions.test_suites.observed_calls import ObservedCall


def observed(value=None, reason=None, call="f(1)", question_id="q"):
    return ObservedCall(question_id, call, value, reason)


def test_an_observed_value_becomes_an_assert():
    written = write_tests([observed([1, "a"]), observed(None, call="f(2)")])

    assert written.tests["test"].to_list() == ["assert f(1) == [1, 'a']", "assert f(2) == None"]
    assert written.tests["position"].to_list() == [0, 1]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (observed(reason=Reason.CALL_RAISED), "call_raised"),
        (observed(float("nan")), "value_not_literal"),
        (observed(object()), "value_not_literal"),
        (observed("x" * 5000), "value_too_long"),
    ],
)
def test_a_call_without_a_usable_value_is_rejected_with_the_reason(call, reason):
    written = write_tests([call])

    assert written.tests.is_empty()
    assert written.rejected["reason"].to_list() == [reason]


def test_repeated_tests_count_once_but_nothing_is_lost():
    written = write_tests([observed(1), observed(1), observed(1, question_id="other")])

    assert written.rows_in == written.tests.height + written.rejected.height == 3
    assert written.rejected["reason"].to_list() == ["duplicate"]
    assert written.tests["position"].to_list() == [0, 0]
