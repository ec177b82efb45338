import polars as pl
import pytest

from acecoder_dagster.data.publishing import PublishingError
from acecoder_dagster.data.publishing.licences import decide_licences, is_permissive, spdx_expression


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("MIT", "MIT"),
        ("apache-2.0", "Apache-2.0"),
        ("MIT or GPL-2.0-only WITH Classpath-exception-2.0", "MIT OR GPL-2.0-only WITH Classpath-exception-2.0"),
        ("unknown", None),
        ("", None),
        ("terms of the model", None),
        ("LicenseRef-scancode-unknown", None),
        ("MIT AND", None),
    ],
)
def test_words_are_a_licence_only_where_spdx_knows_them(words, expression):
    assert spdx_expression(words) == expression


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True),
        ("CC-BY-4.0", True),
        ("CC0-1.0", True),
        ("CC-BY-SA-4.0", False),
        ("CC-BY-NC-4.0", False),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND (ISC OR GPL-3.0-only)", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
    ],
)
def test_a_permissive_licence_is_told_from_others(expression, permissive):
    assert is_permissive(expression) is permissive


FOUND = pl.DataFrame(
    [("question", "mine", "MIT", 10), ("program", "strange", "its terms", 20), ("program", "free", "GPL-3.0-only", 30)],
    schema=["kind", "name", "licence", "rows"],
    orient="row",
)


def decisions(declared, *, permissive_only=False):
    decided = decide_licences(FOUND, declared, permissive_only=permissive_only)
    return decided.select("name", "published_as", "declared", "published").rows()


def test_an_unknown_licence_is_refused_with_rows_and_what_to_do():
    with pytest.raises(PublishingError) as refused:
        decisions({})
    assert "20 programs of strange say 'its terms'" in str(refused.value)
    assert "--licence strange=SPDX" in str(refused.value)
    assert "--permissive-only" in str(refused.value)
    assert "mine" not in str(refused.value)


def test_a_declared_licence_counts_where_the_words_are_none():
    assert decisions({"strange": "apache-2.0"}) == [
        ("mine", "MIT", False, True),
        ("strange", "Apache-2.0", True, True),
        ("free", "GPL-3.0-only", False, True),
    ]


def test_permissive_only_leaves_out_what_is_unknown_or_not_permissive():
    assert decisions({}, permissive_only=True) == [
        ("mine", "MIT", False, True),
        ("strange", None, False, False),
        ("free", "GPL-3.0-only", False, False),
    ]


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"strange": "its terms"}, "not an SPDX licence"),
        ({"nobody": "MIT"}, "there are: free, mine, strange"),
        ({"free": "MIT"}, "its rows have a licence already: GPL-3.0-only"),
    ],
)
def test_a_declaration_that_is_wrong_or_meets_no_unknown_row_is_refused(declared, message):
    with pytest.raises(PublishingError, match=message):
        decisions(declared)
