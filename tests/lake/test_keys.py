from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.lake import content_key, text_id


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_ids_are_equal_only_for_equal_fields(one, other):
    assert (text_id(*one) == text_id(*other)) == (one == other)


def test_moving_text_between_fields_changes_the_id():
    assert text_id("ab", "c") != text_id("a", "bc")


def test_a_lone_surrogate_has_an_id():
    assert text_id("\ud800") != text_id("?")


def test_a_content_key_does_not_depend_on_the_order_of_settings():
    assert content_key(settings={"a": 1, "b": 2}) == content_key(settings={"b": 2, "a": 1})
    assert content_key(settings={"a": 1}) != content_key(settings={"a": 2})
