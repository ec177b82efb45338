"""Tasks of benchmarks from files: whole, with the types that they mean, and with clear errors."""

import datetime
import gzip
import json
from types import SimpleNamespace

import datasets
import huggingface_hub
import polars as pl
import pytest

from acecoder_dagster.evaluation.benchmarks import BenchmarkError, read_protocol, read_tasks
from tests.evaluation.benchmarks.made_data import (
    BIGCODEBENCH,
    EVALPLUS,
    LIVECODEBENCH,
    own_protocol,
    question_of_livecodebench,
    write_lines,
)


def evalplus(folder, rows=EVALPLUS, extends="paper/humaneval+", file="HumanEvalPlus.jsonl"):
    write_lines(folder / file, rows)
    return read_tasks(read_protocol(own_protocol(folder, "made", extends, len(rows))), str(folder))


def test_an_evalplus_task_keeps_all_that_its_file_says(tmp_path):
    found = evalplus(tmp_path)

    task = found.tasks["HumanEval/900"]
    assert task.record == EVALPLUS[0]
    assert task.reference == EVALPLUS[0]["prompt"] + EVALPLUS[0]["canonical_solution"]
    assert task.texts["prompt"] == EVALPLUS[0]["prompt"]


@pytest.mark.parametrize(
    ("number", "written", "meant"),
    [
        ("2", [[1, 2], [3]], [(1, 2), (3,)]),
        ("63", [[[1, 2]]], [[(1, 2)]]),
        ("75", [[[1, 2]], 3], [[(1, 2)], 3]),
        ("106", [[1], [2]], [[1], (2,)]),
        ("115", [[[1, 1], []]], [[{1}, {}]]),
        ("124", ["1", "2j"], [1.0, 2j]),
        ("250", [[1], 2], [(1,), 2]),
        ("252", ["1+2j"], [1 + 2j]),
        ("259", [[[1], [2]]], [((1,), (2,))]),
        ("278", [[1, [2]]], [(1, (2,))]),
        ("307", [[1], 2, 3], [(1,), 2, 3]),
        ("580", [[1, [2]]], [(1, (2,))]),
        ("722", [{"a": [1]}, 2], [{"a": (1,)}, 2]),
        ("3", [[1]], [[1]]),
    ],
)
def test_inputs_of_mbpp_get_the_types_that_json_has_not(tmp_path, number, written, meant):
    row = EVALPLUS[0] | {"task_id": f"Mbpp/{number}", "base_input": [written], "plus_input": {}}

    found = evalplus(tmp_path, [row], "paper/mbpp+", "MbppPlus.jsonl")

    assert found.tasks[f"Mbpp/{number}"].record["base_input"] == [meant]
    assert found.tasks[f"Mbpp/{number}"].record["plus_input"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prompt": None}, "row 2, column prompt: a text is needed, not nothing"),
        ({"plus_input": "x"}, "row 2, column plus_input: a list is needed"),
        ({"plus_input": [1]}, "row 2, column plus_input: not the arguments"),
        ({"atol": "0"}, "row 2, column atol: a number is needed"),
        ({"task_id": "HumanEval/900"}, "row 2: the task HumanEval/900 occurs twice"),
    ],
)
def test_a_row_that_is_no_task_is_named_and_nothing_is_read_without_it(tmp_path, changes, message):
    with pytest.raises(BenchmarkError, match=message):
        evalplus(tmp_path, [EVALPLUS[0], EVALPLUS[1] | changes])


def test_another_number_of_tasks_than_the_protocol_says_is_refused(tmp_path):
    write_lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS)

    with pytest.raises(BenchmarkError, match=r"v0\.1\.10 has 164 tasks, but there are 2 in HumanEvalPlus.jsonl"):
        read_tasks(read_protocol("humaneval"), str(tmp_path))


def test_files_may_be_packed_and_in_a_folder_below_and_are_known_by_their_unpacked_bytes(tmp_path):
    plain = evalplus(tmp_path)
    below = tmp_path / "other" / "benchmarks"
    below.mkdir(parents=True)
    packed = gzip.compress((tmp_path / "HumanEvalPlus.jsonl").read_bytes())
    (below / "HumanEvalPlus.jsonl.gz").write_bytes(packed)

    found = read_tasks(read_protocol(str(tmp_path / "made.toml")), str(tmp_path / "other"))

    assert found == plain
    assert found.is_as_published is None


def test_data_that_is_not_as_published_is_known_by_its_hash(tmp_path):
    write_lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS)
    path = tmp_path / "mine.toml"
    path.write_text('extends = "paper/humaneval"\n[data]\nrows = 2\n')

    assert read_tasks(read_protocol(str(path)), str(tmp_path)).is_as_published is False


def test_a_file_that_is_not_there_is_named_with_where_it_is_got(tmp_path):
    with pytest.raises(BenchmarkError, match=r"has no MbppPlus.jsonl \(or .gz\), which paper/mbpp needs: get release"):
        read_tasks(read_protocol("mbpp"), str(tmp_path))
    with pytest.raises(BenchmarkError, match="there is no such folder"):
        read_tasks(read_protocol("mbpp"), str(tmp_path / "nosuch"))
    with pytest.raises(BenchmarkError, match=r"the hub has no MbppPlus.jsonl: get release"):
        read_tasks(read_protocol("mbpp"), "hub")


def test_bigcodebench_keeps_its_fields_and_a_part_of_it_is_a_list_of_ids(tmp_path):
    write_lines(tmp_path / "BigCodeBench.jsonl", BIGCODEBENCH)
    (tmp_path / "hard.txt").write_text("BigCodeBench/6\n")
    protocol = own_protocol(tmp_path, "made", "paper/bigcodebench-instruct", 2, tasks='"hard.txt"')

    found = read_tasks(read_protocol(protocol), str(tmp_path))

    assert list(found.tasks) == ["BigCodeBench/6"]
    assert found.known == {"BigCodeBench/5", "BigCodeBench/6"}
    task = found.tasks["BigCodeBench/6"]
    assert task.record == BIGCODEBENCH[1]
    assert task.reference == f"{BIGCODEBENCH[1]['complete_prompt']}\n    return x + 6"
    assert task.calibration == "import math\ndef task_func(x):\n\n    pass\n"


def livecodebench(folder, rows, window=""):
    write_lines(folder / "test.jsonl", rows)
    protocol = own_protocol(folder, "made", "paper/livecodebench-v4", len(rows), files='["test.jsonl"]')
    return read_tasks(read_protocol(protocol + window), str(folder))


def test_livecodebench_has_public_and_private_tests_dates_and_difficulties(tmp_path):
    found = livecodebench(tmp_path, LIVECODEBENCH).tasks

    assert [test["output"] for test in found["abc1_a"].record["tests"]] == ["3", "11"]
    assert [task.entry_point for task in found.values()] == ["", "", "add"]
    assert [task.difficulty for task in found.values()] == ["easy", "hard", "medium"]
    assert found["abc1_b"].date == datetime.date(2025, 1, 4)


def test_a_window_has_the_questions_of_its_days(tmp_path):
    found = livecodebench(tmp_path, LIVECODEBENCH, "@2024-08-10..2024-12-01")

    assert list(found.tasks) == ["abc1_a", "3001"]
    assert len(found.known) == 3
    with pytest.raises(BenchmarkError, match="they are of 2024-08-10 to 2025-01-04"):
        livecodebench(tmp_path, LIVECODEBENCH, "@2030-01-01..")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"private_test_cases": "gASVCwAAAAAAAACMB25vc3VjaJQu"},
            "column private_test_cases: neither JSON nor compressed",
        ),
        ({"private_test_cases": json.dumps([{"input": "1"}])}, "column private_test_cases: a list of objects with"),
        ({"metadata": json.dumps({"func_name": "f"})}, "tests of the type stdin, with func_name 'f'"),
        ({"contest_date": "yesterday"}, "column contest_date: Invalid isoformat"),
        ({"difficulty": None}, "column difficulty: a text is needed"),
    ],
)
def test_a_question_of_livecodebench_that_cannot_be_read_is_named(tmp_path, changes, message):
    with pytest.raises(BenchmarkError, match=message):
        livecodebench(tmp_path, [question_of_livecodebench("a", **changes)])


def test_livecodebench_is_read_from_the_hubs_files_at_one_commit(tmp_path, monkeypatch):
    """The hub is played by a folder: the tests have no network."""
    asked = []
    write_lines(tmp_path / "test.jsonl", LIVECODEBENCH)
    monkeypatch.setattr(
        huggingface_hub.HfApi, "dataset_info", lambda _, repository, revision: SimpleNamespace(sha="c" * 40)
    )

    def download(repository, name, repo_type, revision):
        asked.append((repository, name, repo_type, revision))
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    protocol = own_protocol(tmp_path, "made", "paper/livecodebench-v4", 3, files='["test.jsonl"]')

    assert len(read_tasks(read_protocol(protocol), "hub").tasks) == 3
    assert asked == [("livecodebench/code_generation_lite", "test.jsonl", "dataset", "c" * 40)]


def test_bigcodebench_is_read_from_the_hubs_rows(tmp_path, monkeypatch):
    pl.DataFrame(BIGCODEBENCH).write_parquet(tmp_path / "rows.parquet")
    load = datasets.load_dataset

    def load_locally(repository, revision, split, trust_remote_code):
        assert (repository, split, trust_remote_code) == ("bigcode/bigcodebench", "v0.1.2", False)
        return load(str(tmp_path), split="train", cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset", load_locally)
    monkeypatch.setattr(
        huggingface_hub.HfApi, "dataset_info", lambda _, repository, revision: SimpleNamespace(sha="c" * 40)
    )
    protocol = own_protocol(tmp_path, "made", "paper/bigcodebench-complete", 2)

    found = read_tasks(read_protocol(protocol), "hub")

    assert found.tasks["BigCodeBench/5"].record == BIGCODEBENCH[0] | {"split": "v0.1.2"}
    assert found.revision == "c" * 40


def test_a_pickle_that_would_do_something_is_not_unpickled(tmp_path):
    import base64
    import pickle
    import zlib

    class Trap:
        def __reduce__(self):
            return (tmp_path / "sprung").write_text, ("x",)

    trap = base64.b64encode(zlib.compress(pickle.dumps(Trap()))).decode()
    with pytest.raises(BenchmarkError, match="the pickle holds more than a text"):
        livecodebench(tmp_path, [question_of_livecodebench("a", private_test_cases=trap)])
    assert not (tmp_path / "sprung").exists()
