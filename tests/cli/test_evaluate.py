"""`acecoder eval`: samples in, a table out."""

import json

import polars as pl
import pytest

from tests.evaluation.benchmarks.made_data import EVALPLUS, own_protocol, write_lines
from tests.questions.writing.endpoint.fake_endpoint import FakeEndpoint
from tests.taught_models import save_chat_model


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


def benchmark(folder):
    data = folder / "benchmarks"
    data.mkdir()
    write_lines(data / "HumanEvalPlus.jsonl", EVALPLUS)
    return ["--suite", own_protocol(folder, "mine", "paper/humaneval+", 2), "--data", data, "-o", "scores"]


def test_a_model_behind_an_endpoint_is_asked(typed, tmp_path):
    with FakeEndpoint(lambda *_: (200, "```python\ndef half(x):\n    return x / 2\n```")) as endpoint:
        arguments = ["eval", "coder", "--endpoint", endpoint.base_url, *benchmark(tmp_path), "--launcher", "bubblewrap"]
        done = typed(*arguments)

    assert done.returncode == 0, done.stderr
    assert {request["model"] for request in endpoint.requests} == {"coder"}
    assert pl.read_parquet(tmp_path / "scores" / "scores.parquet")["pass@1"].to_list() == [0.5]
    assert (tmp_path / "scores" / "coder--mine_eval_results.json").is_file()


def test_a_model_is_asked_and_its_scores_are_shown(typed, tmp_path):
    from transformers import Qwen2Config

    save_chat_model(tmp_path / "tiny", "Qwen", Qwen2Config, [EVALPLUS[0]["prompt"]] * 4, max_position_embeddings=1024)
    arguments = benchmark(tmp_path)
    protocol = tmp_path / "mine.toml"
    protocol.write_text(protocol.read_text() + "[decoding]\nmax_tokens = 8\n")

    done = typed("eval", "tiny", "--only", "mine", *arguments, "--launcher", "bubblewrap")

    assert done.returncode == 0, done.stderr
    assert "HumanEval+" in done.stdout
    answers = pl.read_parquet(tmp_path / "scores" / "answers.parquet")
    assert answers["finish_reason"].is_in(["stop", "length"]).all()
    official = json.loads((tmp_path / "scores" / "tiny--mine_eval_results.json").read_text())
    assert len(official["eval"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a model, or files of programs with --programs, and not both"),
        (["model", "--programs", "x.jsonl"], "name a model, or files of programs with --programs, and not both"),
        (["--programs", "x.jsonl", "--n", "4"], "--n: only for a model, not for --programs"),
        (["model", "--tokenizer", "other"], "--tokenizer: only with --endpoint"),
        (["model", "--prompt", "plain"], "--prompt: only with --reward-model"),
        (["model", "--reward-model", "other"], "--reward-model: say with --n among how many answers it chooses"),
        (["nosuch"], "there is no folder nosuch: give the folder of a model, or owner/name on the hub"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused(said, arguments, message):
    code, _, told = said("eval", *arguments, "--suite", "humaneval", "-o", "scores")

    assert code != 0
    assert message in " ".join(told.replace("│", " ").split())


def test_what_is_wrong_is_told_in_a_sentence(typed, tmp_path):
    done = typed("eval", "--programs", "x.jsonl", "--suite", "nosuch", "--data", tmp_path, "-o", "scores")

    assert done.returncode == 2
    assert "there is no benchmark nosuch; there are paper/bigcodebench-complete" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
