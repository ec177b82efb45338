import json
import sys
import textwrap
from types import SimpleNamespace

import polars as pl
import pytest

from acecoder_dagster.questions.importing import ImportManifest, store_import
from acecoder_dagster.questions.seeding import (
    SeedError,
    SeedManifest,
    collect_seeds,
    collected_batches,
    load_seeds,
    store_seeds,
)

FIRST = '''
def shout(text):
    """Return the text in capitals with an exclamation mark."""
    return text.upper() + "!"

def add_all(values):
    """Return the sum of the values and one more."""
    total = 1
    for value in values:
        total += value
    return total
'''
SECOND = FIRST.replace("total = 1", "total = 1  # starts at one").replace("def add_all", "def add_up")


@pytest.fixture
def folder(tmp_path):
    code = tmp_path / "code"
    (code / "tests").mkdir(parents=True)
    (code / "first.py").write_text(FIRST)
    (code / "tests" / "test_first.py").write_text("def test_it():\n    assert True\n")
    return code


def collect(**values):
    return collect_seeds(SeedManifest(name="mine", **values))


def names(collected):
    return sorted(collected.seeds["entry_point"])


def test_functions_of_a_folder_become_seeds_with_their_licence(folder):
    collected = collect(code=(str(folder),), licence="MIT")

    assert names(collected) == ["add_all", "shout"]
    row = collected.seeds.filter(entry_point="shout").row(0, named=True)
    assert row["instruction"] == "Return the text in capitals with an exclamation mark."
    assert row["licence"] == "MIT"
    assert row["upstream_id"] == "first.py:shout"
    assert row["upstream_revision"].startswith("sha256:")


def test_an_installed_package_is_found_where_another_hides_what_it_comes_from(tmp_path, monkeypatch):
    (tmp_path / "shy.py").write_text(FIRST)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "shy", SimpleNamespace(__spec__=None))

    assert names(collect(code=("shy",))) == ["add_all", "shout"]


def test_near_duplicates_are_rejected_with_what_they_are_like(folder):
    (folder / "second.py").write_text(SECOND)

    collected = collect(code=(str(folder),))

    assert collected.seeds.height == 2
    assert set(collected.rejected["reason"]) <= {"near_duplicate", "repeated"}
    assert collected.rejected.height == 2
    assert "first.py" in collected.rejected.filter(reason="near_duplicate")["evidence"][0]


def test_the_sample_is_drawn_by_the_seed_and_the_rest_is_accounted_for(folder):
    drawn = [collect(code=(str(folder),), sample=1, seed=seed) for seed in range(8)]

    assert {names(each)[0] for each in drawn} == {"add_all", "shout"}
    assert names(drawn[3]) == names(collect(code=(str(folder),), sample=1, seed=3))
    assert all(each.rejected["reason"].to_list() == ["not_sampled"] for each in drawn)


def test_a_file_that_is_no_python_is_one_rejected_row(folder):
    (folder / "broken.py").write_text("def f(:\n")

    collected = collect(code=(str(folder),))

    assert collected.rejected["reason"].to_list() == ["does_not_parse"]
    assert "broken.py" in collected.rejected["evidence"][0]


def test_a_file_of_megabytes_is_one_rejected_row(folder):
    (folder / "numbers.py").write_text("NUMBERS = [" + "1, " * 2_000_000 + "]\n")

    collected = collect(code=(str(folder),))

    assert names(collected) == ["add_all", "shout"]
    assert collected.rejected.select("reason", "evidence").rows() == [
        ("program_too_long", "numbers.py: 6,000,013 bytes, the limit is 4,194,304")
    ]


def test_a_module_of_the_standard_library_has_its_licence():
    collected = collect(code=("textwrap",))

    assert "dedent" in names(collected)
    assert set(collected.seeds["licence"]) == {"PSF-2.0"}


def test_a_name_that_an_import_has_is_refused(tmp_path, folder):
    file = tmp_path / "questions.jsonl"
    question = {"question_id": "1", "question": "Add one.", "entry_point": "f", "tests": ["assert f(1) == 2"]}
    file.write_text(json.dumps(question) + "\n")
    store_import(tmp_path, ImportManifest(name="mine", questions=(str(file),)))

    with pytest.raises(SeedError, match="an import has this name"):
        store_seeds(tmp_path, SeedManifest(name="mine", code=(str(folder),)))


@pytest.mark.parametrize("address", ["no_such_package_anywhere", "/no/such/folder"])
def test_code_that_is_not_there_is_an_error_that_names_it(address):
    with pytest.raises(SeedError, match=address):
        collect(code=(address,))


EVOL = {
    "instruction": "Write a sum.",
    "response": "Sure:\n```python\ndef f(a, b):\n    return a + b\nprint(f(1, 2))\n```\n",
}
OSS = {"lang": "python", "problem": "Double it.", "solution": "```python\ndef g(a):\n    return 2 * a\n```", "index": 1}
STACK = {"content": textwrap.dedent(FIRST).split("\n\n")[1] + "\n", "sha1": "abc", "id": 3}


@pytest.mark.parametrize(
    ("row", "entry_point", "instruction"),
    [
        (EVOL, "f", "Write a sum."),
        (OSS, "g", "Double it."),
        (STACK, "add_all", "Return the sum of the values and one more."),
        ({"instruction": "x", "code": "def h(x):\n    return x\n", "licence": "Apache-2.0"}, "h", "x"),
    ],
)
def test_published_shapes_of_instruction_data_are_recognised(tmp_path, row, entry_point, instruction):
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(row) + "\n")

    seed = collect(data=(str(file),), licence="MIT").seeds.row(0, named=True)

    assert (seed["entry_point"], seed["instruction"]) == (entry_point, instruction)
    assert seed["licence"] == row.get("licence", "MIT")
    assert "print" not in seed["code"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"response": "No code."}, "no_python_block"),
        ({"response": "```python\nx = 1\n```"}, "no_function_or_class"),
        ({"response": "```python\ndef f(:\n```"}, "does_not_parse"),
        ({"lang": "rust"}, "not_python"),
    ],
)
def test_rows_without_usable_python_are_rejected_with_the_reason(tmp_path, change, reason):
    file = tmp_path / "data.jsonl"
    file.write_text(json.dumps(EVOL | {"lang": "python"}) + "\n" + json.dumps(EVOL | change) + "\n")

    collected = collect(data=(str(file),))

    assert collected.seeds.height == 1
    assert collected.rejected["reason"].to_list() == [reason]


def test_data_of_no_known_shape_is_an_error_that_lists_the_shapes(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text('{"a": "b"}\n')

    with pytest.raises(SeedError, match="Evol-Instruct"):
        collect(data=(str(file),))


def test_a_collection_is_dealt_to_batches_and_read_again_only_when_something_changed(tmp_path, folder):
    manifest = SeedManifest(name="mine", code=(str(folder),), seeds_per_batch=1)

    first = store_seeds(tmp_path, manifest)
    again = store_seeds(tmp_path, manifest)
    (folder / "first.py").write_text(FIRST + "\ndef third(x):\n    return [x, x, x, x]\n")
    changed = store_seeds(tmp_path, manifest)

    assert first.batches == ("mine-000", "mine-001")
    assert again.unchanged
    assert not changed.unchanged
    assert list(collected_batches(tmp_path)) == ["mine-000", "mine-001", "mine-002"]
    loaded = pl.concat([load_seeds(tmp_path, batch).seeds for batch in changed.batches])
    assert sorted(loaded["entry_point"]) == ["add_all", "shout", "third"]
    with pytest.raises(KeyError):
        load_seeds(tmp_path, "other-000")
