"""Finished programs in, scores and the files of the benchmarks' own tools out."""

import json

import polars as pl
import pytest

from acecoder_dagster.evaluation.benchmarks import BenchmarkError, evaluate_programs, read_protocol
from tests.evaluation.benchmarks.made_data import BIGCODEBENCH, EVALPLUS, LIVECODEBENCH, own_protocol, write_lines

SANDBOX = {"launcher": "bubblewrap", "workers": 1, "set": "base"}
RIGHT_BASE_ALONE = "def half(x):\n    return x / 2 if x in (3, 4) else None\n"
ADD = "class Solution:\n    def add(self, a, b):\n        return a + b\n"
SUM = "a, b = map(int, input().split())\nprint(a + b)\n"


@pytest.fixture
def folder(tmp_path):
    """Data, and protocols `plus`, `base`, `complete`, `instruct` and `lcb` for it."""
    write_lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS)
    write_lines(tmp_path / "BigCodeBench.jsonl", BIGCODEBENCH)
    write_lines(tmp_path / "test.jsonl", LIVECODEBENCH)
    own_protocol(tmp_path, "plus", "paper/humaneval+", 2)
    own_protocol(tmp_path, "base", "paper/humaneval", 2)
    own_protocol(tmp_path, "bcb-complete", "paper/bigcodebench-complete", 2)
    own_protocol(tmp_path, "bcb-instruct", "paper/bigcodebench-instruct", 2)
    own_protocol(tmp_path, "lcb", "paper/livecodebench-v4", 3, files='["test.jsonl"]')
    return tmp_path


def evaluated(folder, names, rows, **options):
    path = write_lines(folder / "samples.jsonl", rows) if rows else None
    protocols = [read_protocol(str(folder / f"{name}.toml")) for name in names]
    programs = options.pop("programs", None) or [str(path)]
    return evaluate_programs(protocols, programs, str(folder), folder / "out", name="model", sandbox=SANDBOX, **options)


def test_humaneval_and_its_plus_version_stand_side_by_side(folder):
    rows = [
        {"task_id": "HumanEval/900", "solution": RIGHT_BASE_ALONE},
        {"task_id": "HumanEval/900", "completion": "    return x / 2\n"},
        {"task_id": "HumanEval/901", "solution": "def longest(words):\n    return words[0]\n"},
        {"task_id": "HumanEval/901", "answer": "```python\ndef longest(words):\n    return max(words, key=len)\n```"},
    ]

    found = evaluated(folder, ["base", "plus"], rows)

    table = {row["benchmark"]: row for row in found.table.to_dicts()}
    assert table["HumanEval"]["pass@1"] == pytest.approx(0.75)
    assert table["HumanEval+"]["pass@1"] == pytest.approx(0.5)
    assert table["HumanEval+"]["references"] == table["HumanEval+"]["references_passing"] == 2
    assert table["HumanEval+"]["pass@1_reference_passes"] == pytest.approx(0.5)
    assert table["mean of 2"]["pass@1"] == pytest.approx(0.625)
    results = pl.read_parquet(folder / "out" / "results.parquet").filter(benchmark="plus")
    assert results["passed"].to_list() == [False, True, False, True]
    assert results["base_passed"].to_list() == [True, True, False, True]
    assert results["message"][0]

    official = json.loads((folder / "out" / "model--plus_eval_results.json").read_text())
    (first, second) = official["eval"]["HumanEval/900"]
    assert (first["base_status"], first["plus_status"]) == ("pass", "fail")
    assert first["plus_fail_tests"] == [[0]]
    assert (second["base_status"], second["plus_status"]) == ("pass", "pass")
    assert official["pass_at_k"]["plus"]["pass@1"] == pytest.approx(0.5)
    assert len(official["hash"]) == 32


def test_a_program_that_fails_the_base_tests_is_not_run_by_the_plus_tests(folder):
    told = []
    rows = [
        {"task_id": "HumanEval/900", "solution": "def half(x):\n    return x\n"},
        {"task_id": "HumanEval/900", "solution": "def half(x):\n    return x / 2\n"},
    ]

    found = evaluated(folder, ["plus"], rows, report=lambda what, done, total: told.append((what, total)))

    assert {("plus: judging by base tests", 4), ("plus: judging by plus tests", 2)} <= set(told)  # with references
    (score,) = found.scores
    assert [str(judged.found["plus"].verdict) for judged in score.samples] == ["not_run", "passed"]
    official = json.loads((folder / "out" / "model--plus_eval_results.json").read_text())
    assert [each["plus_status"] for each in official["eval"]["HumanEval/900"]] == ["fail", "pass"]


def test_what_was_judged_is_not_judged_again(folder, monkeypatch):
    rows = [{"task_id": "HumanEval/900", "completion": "    return x / 2\n"}]
    before = evaluated(folder, ["base"], rows)

    told = []
    monkeypatch.setenv("PATH", "/nosuch")
    rows.append({"task_id": "HumanEval/901", "program": RIGHT_BASE_ALONE.replace("half", "longest")})
    after = evaluated(folder, ["base"], rows, report=lambda what, done, total: told.append((what, done, total)))

    assert after.table["tasks"][0] == before.table["tasks"][0] + 1
    assert ("base: judging by base tests", 3, 3) in told


def test_bigcodebench_puts_the_tasks_own_start_before_a_solution_alone(folder):
    rows = [
        {"task_id": "BigCodeBench/5", "solution": "def task_func(x):\n    return math.trunc(x) + 5\n"},
        {"task_id": "BigCodeBench/6", "program": "def task_func(x):\n    return math.trunc(x) + 6\n"},
    ]
    path = write_lines(folder / "samples.jsonl", rows)

    found = evaluated(folder, ["bcb-complete", "bcb-instruct"], [], programs=[f"bcb-instruct={path}"])

    (score,) = found.scores
    assert [judged.passed for judged in score.samples] == [True, False]
    assert [each.name for each in found.without_programs] == ["bcb-complete"]
    (results,) = (folder / "out").glob("*--bigcodebench-instruct--*_eval_results.json")
    said = json.loads(results.read_text())["eval"]
    assert said["BigCodeBench/5"][0]["status"] == "pass"
    assert "'math' is not defined" in said["BigCodeBench/6"][0]["details"]["ALL"]
    figures = json.loads(next((folder / "out").glob("*_pass_at_k.json")).read_text())
    assert figures["pass@1"] == pytest.approx(0.5)
    assert (figures["gt_pass_rate"], figures["failed_tasks"], figures["split"]) == (1.0, [], "instruct")


def test_livecodebench_is_scored_by_difficulty_too_and_has_no_references(folder):
    rows = [
        {"question_id": "abc1_a", "code_list": [SUM, "print(3)\n"]},
        {"question_id": "abc1_b", "code_list": [SUM, SUM]},
        {"question_id": "3001", "code_list": [ADD, "class Solution:\n    pass\n"]},
    ]

    found = evaluated(folder, ["lcb"], rows)

    title = "LiveCodeBench v4"
    assert dict(found.table.select("benchmark", "pass@1").rows()) == {
        title: pytest.approx(2 / 3),
        f"{title}, easy": 0.5,
        f"{title}, hard": 1.0,
        f"{title}, medium": 0.5,
    }
    assert found.table["references"].to_list() == [None] * 4
    (written,) = (folder / "out").glob("*.code_list.json")
    assert [each["graded_list"] for each in json.loads(written.read_text())] == [
        [True, False],
        [True, True],
        [True, False],
    ]


@pytest.mark.parametrize(
    ("names", "rows", "message"),
    [
        (["plus"], [{"task_id": "HumanEval/1", "program": "x"}], r"row 1: there is no task HumanEval/1 in plus"),
        (["plus"], [{"task_id": "HumanEval/900"}], "one of the columns program, solution"),
        (["plus"], [{"program": "x"}], "a column task_id or question_id is needed"),
        (
            ["bcb-complete", "bcb-instruct"],
            [{"task_id": "BigCodeBench/5", "program": "x"}],
            "may be for bigcodebench-complete or bigcodebench-instruct: give the file as bigcodebench-complete=FILE",
        ),
        (
            ["plus"],
            [{"task_id": "HumanEval/900", "program": "x", "benchmark": "mbpp"}],
            "mbpp is not scored; leave out its programs, or add it",
        ),
        (["lcb"], [{"question_id": "abc1_a", "answer": "x"}], "own/lcb has no style base"),
    ],
)
def test_a_program_that_is_for_no_benchmark_is_an_error_that_names_its_row(folder, names, rows, message):
    with pytest.raises(BenchmarkError, match=message):
        evaluated(folder, names, rows, style="base")


def test_a_file_that_is_not_there_is_named(folder):
    with pytest.raises(BenchmarkError, match=r"nosuch.jsonl: there is no such file"):
        evaluated(folder, ["plus"], [], programs=["nosuch.jsonl"])
