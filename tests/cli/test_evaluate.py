"""`acecoder eval`: samples in, a table out."""

import json

import polars as pl

from tests.evaluation.benchmarks.made_data import EVALPLUS, own_protocol, write_lines


def test_scores_of_samples_are_shown_and_written(typed, tmp_path):
    data = tmp_path / "benchmarks"
    data.mkdir()
    write_lines(data / "HumanEvalPlus.jsonl", EVALPLUS)
    protocol = own_protocol(tmp_path, "mine", "paper/humaneval+", 2)
    rows = [{"task_id": "HumanEval/900", "solution": "def half(x):\n    return x / 2\n"}]
    samples = write_lines(tmp_path / "samples.jsonl", rows)

    done = typed(
        "eval", "--programs", samples, "--suite", protocol, "--data", data, "-o", "scores", "--launcher", "bubblewrap"
    )

    assert done.returncode == 0, done.stderr
    assert "HumanEval+" in done.stdout
    assert "tasks without a program, which do not count: HumanEval/901" in done.stderr
    assert pl.read_parquet(tmp_path / "scores" / "scores.parquet")["pass@1"].to_list() == [1.0]
    official = json.loads((tmp_path / "scores" / "samples--mine_eval_results.json").read_text())
    assert official["eval"]["HumanEval/900"][0]["plus_status"] == "pass"


def test_what_is_wrong_is_told_in_a_sentence(typed, tmp_path):
    done = typed("eval", "--programs", "x.jsonl", "--suite", "nosuch", "--data", tmp_path, "-o", "scores")

    assert done.returncode == 2
    assert "there is no benchmark nosuch; there are paper/bigcodebench-complete" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
