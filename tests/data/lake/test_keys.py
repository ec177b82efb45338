import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.data.lake import content_key, syntax_hash, text_id


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_ids_are_equal_only_for_equal_fields(one, other):
    assert (text_id(*one) == text_id(*other)) == (one == other)


def test_moving_text_between_fields_changes_the_id():
    assert text_id("ab", "c") != text_id("a", "bc")


def test_a_lone_surrogate_has_an_id():
    assert text_id("\ud800") != text_id("?")


PROGRAM = "def f(x):\n    return [x, (1 + x) * 2, 'a # b']\n"


@pytest.mark.parametrize(
    "same",
    [
        '"""A module."""\n\ndef f(x):\n    """Doubles."""\n    return [x, (1 + x) * 2, "a # b"]  # done\n',
        "def f( x ):\n\treturn [\n\t\tx,\n\t\t((1 + x)) * 2,\n\t\t'a ' '# b',\n\t]",
        "def f(x): return [x, (1 + x) * 2, 'a # b']",
    ],
)
def test_programs_that_differ_in_comments_and_layout_alone_share_a_syntax_hash(same):
    assert syntax_hash(same) == syntax_hash(PROGRAM)


@pytest.mark.parametrize(
    "other",
    [
        PROGRAM.replace("x", "y"),
        PROGRAM.replace("(1 + x) * 2", "1 + x * 2"),
        PROGRAM.replace("a # b", "a"),
        PROGRAM + "assert f(1)\n",
    ],
)
def test_programs_that_differ_in_a_name_an_operation_a_text_or_a_statement_have_other_syntax_hashes(other):
    assert syntax_hash(other) != syntax_hash(PROGRAM)


@pytest.mark.parametrize("broken", ["def f(:", "\0", "(" * 5000, "-" * 100_000 + "1", "f(\ud800)"])
def test_what_has_no_syntax_tree_is_known_by_its_text(broken):
    assert syntax_hash(broken) == syntax_hash(broken)
    assert syntax_hash(broken) != syntax_hash(broken + "#")


def test_a_content_key_does_not_depend_on_the_order_of_settings():
    assert content_key(settings={"a": 1, "b": 2}) == content_key(settings={"b": 2, "a": 1})
    assert content_key(settings={"a": 1}) != content_key(settings={"a": 2})
