from acecoder_dagster.questions.similarity import (
    Neighbours,
    canonical_tokens,
    code_tokens,
    jaccard,
    ngrams,
    word_tokens,
)


def test_names_comments_and_layout_do_not_count_in_canonical_tokens():
    one = "def add(first, second):\n    '''Add.'''\n    # sum\n    return first.real + len(second)\n"
    other = "def plus(a,b): return (a.real\n + len(b))"

    assert canonical_tokens(one) == canonical_tokens(other)
    assert code_tokens(one) != code_tokens(other)
    assert "len" in canonical_tokens(one)
    assert "real" in canonical_tokens(one)


def test_text_that_is_no_code_is_taken_as_words():
    assert canonical_tokens("this is (no code") == word_tokens("this is (no code") == ["this", "is", "no", "code"]


def test_runs_of_tokens_overlap_and_short_texts_are_one_run():
    assert ngrams("abcd", 3) == {"a b c", "b c d"}
    assert ngrams("ab", 3) == {"a b"}
    assert ngrams("", 3) == set()


def test_the_nearest_neighbour_is_found_with_its_exact_likeness():
    neighbours: Neighbours[str] = Neighbours(0.5)
    for label, text in {"far": "qrstuvwxyz", "near": "abcdefghij", "nearer": "abcdefghijkl"}.items():
        neighbours.add(label, set(text))

    assert neighbours.nearest(set("abcdefghijklm")) == ("nearer", 12 / 13)
    assert neighbours.nearest(set("0123456789")) is None
    assert neighbours.nearest(set()) is None
    assert jaccard(set("ab"), set("bc")) == 1 / 3
