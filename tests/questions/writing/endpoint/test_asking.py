import threading

import pytest

from acecoder_dagster.questions.writing.endpoint import AnswerCache, Chat, EndpointError, EndpointSettings, ask
from tests.questions.writing.endpoint.fake_endpoint import FakeEndpoint

SCHEMA = {"type": "object"}


def chats(*contents):
    return [Chat((("user", content),), SCHEMA, 0) for content in contents]


def settings(endpoint, **values):
    usual = {"base_url": endpoint.base_url, "model": "fake", "concurrency": 4, "retries": 2, "timeout_seconds": 1.0}
    return EndpointSettings(**(usual | values))


@pytest.fixture
def cache(tmp_path):
    with AnswerCache(tmp_path / "answers.sqlite") as opened:
        yield opened


def nothing(_):
    return None


def test_answers_come_in_order_with_their_tokens(cache):
    with FakeEndpoint(lambda content, _: (200, content.upper())) as endpoint:
        answers = ask(chats("a", "b", "c"), settings(endpoint), cache, nothing)

    assert [answer.text for answer in answers] == ["A", "B", "C"]
    assert {(a.prompt_tokens, a.completion_tokens, a.attempts, a.reused) for a in answers} == {(100, 50, 1, False)}


def test_what_was_answered_is_never_asked_again_and_equal_chats_are_asked_once(cache):
    with FakeEndpoint(lambda content, _: (200, content)) as endpoint:
        ask(chats("a", "b", "a"), settings(endpoint), cache, nothing)
        again = ask(chats("b", "a", "new"), settings(endpoint, concurrency=2), cache, nothing)

        assert endpoint.paid == {"a": 1, "b": 1, "new": 1}
        assert [answer.reused for answer in again] == [True, True, False]


def test_another_model_or_temperature_or_schema_is_another_request(cache):
    with FakeEndpoint(lambda content, _: (200, content)) as endpoint:
        for values in ({}, {"model": "other"}, {"temperature": 0.1}, {"structured": "none"}):
            ask(chats("a"), settings(endpoint, **values), cache, nothing)

        assert endpoint.paid == {"a": 4}


@pytest.mark.parametrize(
    ("structured", "kind"), [("json_schema", "json_schema"), ("json_object", "json_object"), ("none", None)]
)
def test_answers_are_structured_as_the_endpoint_can(cache, structured, kind):
    with FakeEndpoint(lambda content, _: (200, content)) as endpoint:
        ask(chats("a"), settings(endpoint, structured=structured), cache, nothing)

        assert endpoint.requests[0].get("response_format", {}).get("type") == kind


@pytest.mark.parametrize(
    "trouble", [(429, "too many"), (500, "oops"), (503, "busy"), (200, "disconnect"), (200, "slow")]
)
def test_troubles_that_pass_are_sat_out(cache, trouble):
    with FakeEndpoint(lambda content, attempt: trouble if attempt == 1 else (200, content)) as endpoint:
        (answer,) = ask(chats("a"), settings(endpoint), cache, nothing)

    assert (answer.text, answer.attempts, answer.problem) == ("a", 2, None)


def test_a_request_that_the_endpoint_refuses_is_explained_and_does_not_stop_the_others(cache):
    with FakeEndpoint(lambda c, _: (400, "too long") if c == "bad" else (200, c)) as endpoint:
        answers = ask(chats("a", "bad", "b"), settings(endpoint), cache, nothing)

    assert [answer.text for answer in answers] == ["a", "", "b"]
    assert answers[1].problem is not None
    assert "400" in answers[1].problem
    assert "too long" in answers[1].problem


def test_too_many_unanswered_requests_are_an_error_and_what_was_answered_is_kept(cache):
    broken = True

    def behave(content, _):
        return (500, "oops") if broken and content == "bad" else (200, content)

    with FakeEndpoint(behave) as endpoint:
        with pytest.raises(EndpointError, match=r"1 of 3 .*HTTP 500"):
            ask(chats("a", "b", "bad"), settings(endpoint, retries=1), cache, nothing)
        broken = False
        answers = ask(chats("a", "b", "bad"), settings(endpoint), cache, nothing)

        assert endpoint.paid == {"a": 1, "b": 1, "bad": 1}
    assert [answer.text for answer in answers] == ["a", "b", "bad"]


def test_a_few_unanswered_requests_are_rows_with_a_problem_where_the_settings_allow_it(cache):
    with FakeEndpoint(lambda c, _: (500, "oops") if c == "bad" else (200, c)) as endpoint:
        answers = ask(chats("a", "bad"), settings(endpoint, retries=0, max_unanswered=0.5), cache, nothing)

    assert answers[1].problem is not None
    assert answers[1].problem.startswith("unanswered: HTTP 500")


@pytest.mark.parametrize("status", [401, 404])
def test_a_wrong_key_or_model_stops_at_once_with_what_to_check(cache, status):
    with FakeEndpoint(lambda *_: (status, "no")) as endpoint:
        with pytest.raises(EndpointError, match="check base_url, model and key"):
            ask(chats("a"), settings(endpoint), cache, nothing)

        assert endpoint.asked == {"a": 1}


def test_an_endpoint_that_is_not_there_is_an_error_that_names_it(cache):
    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9"):
        ask(chats("a"), EndpointSettings(base_url="http://127.0.0.1:9/v1", model="m", retries=0), cache, nothing)


def test_without_an_address_the_message_says_what_to_set(cache):
    with pytest.raises(EndpointError, match="base_url and model"):
        ask(chats("a"), EndpointSettings(), cache, nothing)


def test_as_many_requests_are_under_way_as_the_settings_say(cache):
    together = threading.Barrier(16, timeout=30)

    def behave(content, _):
        if int(content) < 16:
            together.wait()
        return 200, content

    with FakeEndpoint(behave) as endpoint:
        ask(chats(*map(str, range(100))), settings(endpoint, concurrency=16, timeout_seconds=60), cache, nothing)

        assert endpoint.under_way == 16
        assert sum(endpoint.paid.values()) == 100
