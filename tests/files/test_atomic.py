"""Files that are written in one step: the old one or the new one, and nothing beside it."""

import pytest

from acecoder_dagster.files import read_json, replace_file, replace_json, replace_text


def fails_halfway(path):
    path.write_text("half", encoding="utf-8")
    raise OSError("no space left")


def test_a_file_is_made_and_then_replaced(tmp_path):
    path = tmp_path / "a.txt"

    replace_text(path, "old")
    replace_text(path, "new: é")

    assert path.read_text(encoding="utf-8") == "new: é"
    assert list(tmp_path.iterdir()) == [path]


def test_when_writing_fails_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_text("old", encoding="utf-8")

    with pytest.raises(OSError, match="no space left"):
        replace_file(path, fails_halfway)

    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unfinished_file_is_never_taken_for_a_parquet_file(tmp_path):
    names = []
    replace_file(tmp_path / "a.parquet", lambda path: (names.append(path.name), path.touch()))

    assert not names[0].endswith(".parquet")


def test_json_comes_back_and_a_file_that_is_not_there_is_none(tmp_path):
    replace_json(tmp_path / "a.json", {"b": [1, None], "a": "é"})

    assert read_json(tmp_path / "a.json") == {"a": "é", "b": [1, None]}
    assert read_json(tmp_path / "other.json") is None
