"""Fenced blocks in answers of models."""

from acecoder_dagster.questions.fenced_blocks import fenced_blocks


def found(text):
    return [(block.language, block.text, block.complete) for block in fenced_blocks(text)]


def test_blocks_are_found_in_order_with_their_language_in_small_letters():
    text = "First:\n```Python\na = 1\n```\nthen\n~~~\nb\n~~~\n"

    assert found(text) == [("python", "a = 1\n", True), ("", "b\n", True)]


def test_a_block_without_an_end_reaches_to_the_end_of_the_text():
    assert found("```json\n{}\n") == [("json", "{}\n", False)]


def test_a_longer_fence_holds_shorter_ones():
    assert found("````\n```\nx\n```\n````\n") == [("", "```\nx\n```\n", True)]


def test_a_fence_inside_a_line_is_none():
    assert found("call ```f(x)``` twice") == []


def test_the_place_of_the_opening_fence_is_known():
    text = "def f(): pass\n```\n"

    assert [block.start for block in fenced_blocks(text)] == [text.index("```")]
