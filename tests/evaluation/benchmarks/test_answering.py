"""A model in, its answers and scores out: behind an endpoint, and here."""

import json
import signal
import subprocess
import sys

import polars as pl
import pytest

from acecoder_dagster.evaluation.benchmarks import (
    BenchmarkError,
    LocalModel,
    ServedModel,
    evaluate_model,
    read_protocol,
)
from acecoder_dagster.learning.sampling import EngineSettings
from acecoder_dagster.learning.sampling.prompts import prompt_tokens
from acecoder_dagster.questions.writing.endpoint import EndpointError, EndpointSettings
from tests.evaluation.benchmarks.made_data import BIGCODEBENCH, EVALPLUS, LIVECODEBENCH, own_protocol, write_lines
from tests.questions.writing.endpoint.fake_endpoint import FakeEndpoint

SANDBOX = {"launcher": "bubblewrap", "workers": 1, "set": "base"}
HALF = "def half(x):\n    return x / 2\n"
LONGEST = "def longest(words):\n    return max(words, key=len)\n"


def answered(content):
    program = HALF if "half" in content else LONGEST
    return f"This is it:\n```python\n{program}```\nIt works."


@pytest.fixture
def folder(tmp_path):
    """Data, and protocols `plus`, `base`, `complete`, `complete-hard` and `lcb` for it."""
    write_lines(tmp_path / "HumanEvalPlus.jsonl", EVALPLUS)
    write_lines(tmp_path / "BigCodeBench.jsonl", BIGCODEBENCH)
    write_lines(tmp_path / "test.jsonl", LIVECODEBENCH)
    (tmp_path / "hard.txt").write_text("BigCodeBench/6\n")
    own_protocol(tmp_path, "plus", "paper/humaneval+", 2)
    own_protocol(tmp_path, "base", "paper/humaneval", 2)
    own_protocol(tmp_path, "complete", "paper/bigcodebench-complete", 2)
    own_protocol(tmp_path, "complete-hard", "paper/bigcodebench-complete", 2, tasks='"hard.txt"')
    own_protocol(tmp_path, "lcb", "paper/livecodebench-v4", 3, files='["test.jsonl"]')
    return tmp_path


def served(endpoint, tokenizer=None, **settings):
    usual = {"base_url": endpoint.base_url, "model": "fake", "retries": 0, "concurrency": 1}
    return ServedModel(EndpointSettings(**(usual | settings)), tokenizer)


def evaluated(folder, names, model, **options):
    protocols = [read_protocol(str(folder / f"{name}.toml")) for name in names]
    return evaluate_model(protocols, model, str(folder), folder / "out", name="fake", sandbox=SANDBOX, **options)


def test_an_endpoint_is_asked_once_for_benchmarks_that_share_their_programs(folder):
    told = []
    with FakeEndpoint(lambda content, _: (200, answered(content))) as endpoint:
        model = served(endpoint)
        found = evaluated(folder, ["base", "plus"], model, report=lambda *what: told.append(what))
        again = evaluated(folder, ["plus"], model)

    assert [request["messages"][-1]["role"] for request in endpoint.requests] == ["user", "user"]
    assert {(request["temperature"], request["top_p"], request["max_tokens"]) for request in endpoint.requests} == {
        (0.0, 1.0, 768)
    }
    assert dict(found.table.select("benchmark", "pass@1").rows()) == {"HumanEval": 1, "HumanEval+": 1, "mean of 2": 1}
    assert found.table["references_passing"].to_list()[:2] == [2, 2]
    assert again.table["pass@1"].to_list() == [1.0]
    assert ("base plus: answers", 2, 2) in told
    answers = pl.read_parquet(folder / "out" / "answers.parquet")
    assert answers["answer"].to_list() == [answered("half"), answered("longest")]
    assert json.loads(answers["prompt"][0])[0][1].startswith("Please provide a self-contained Python script")


def test_an_endpoint_at_another_address_is_another_model(folder):
    for _ in range(2):
        with FakeEndpoint(lambda content, _: (200, answered(content))) as endpoint:
            evaluated(folder, ["base"], served(endpoint))
            assert len(endpoint.requests) == 2


def test_answers_are_drawn_as_the_protocol_says_each_with_its_seed(folder):
    with FakeEndpoint(lambda content, _: (200, answered(content))) as endpoint:
        found = evaluated(folder, ["base"], served(endpoint), n=3)

    assert found.table["programs"].to_list() == [6]
    drawn = [request for request in endpoint.requests if "half" in request["messages"][-1]["content"]]
    assert {(request["temperature"], request["top_p"]) for request in drawn} == {(1.0, 0.95)}
    first = drawn[0]["seed"]
    assert [request["seed"] for request in drawn] == [first, first + 1, first + 2]


def test_a_plain_prompt_is_continued_up_to_the_protocols_stops(folder):
    program = "```python\na, b = map(int, input().split())\nprint(a + b)\n```"
    with FakeEndpoint(lambda *_: (200, program)) as endpoint:
        found = evaluated(folder, ["lcb"], served(endpoint))

    (request, *_) = endpoint.requests
    assert request["prompt"].endswith("<|im_start|>assistant\n")
    assert (request["stop"], request["max_tokens"], request["temperature"]) == (["###"], 2000, 0.2)
    assert len(endpoint.requests) == 3 * 10
    assert found.table["pass@1"].to_list()[0] == pytest.approx(2 / 3)


def test_a_part_of_a_benchmark_is_answered_by_the_whole(folder):
    with FakeEndpoint(lambda *_: (200, "```python\ndef task_func(x):\n    return x + 6\n```")) as endpoint:
        found = evaluated(folder, ["complete", "complete-hard"], served(endpoint))

    assert len(endpoint.requests) == 2
    assert found.table["pass@1"].to_list() == [0.5, 1.0, 0.75]


def test_what_is_left_unanswered_is_asked_by_the_next_call_and_that_alone(folder):
    is_broken = True
    with FakeEndpoint(
        lambda content, _: (500 if is_broken and "half" not in content else 200, answered(content))
    ) as endpoint:
        with pytest.raises(EndpointError, match=r"(?s)1 of 2 requests stayed unanswered.*run again"):
            evaluated(folder, ["base"], served(endpoint))
        is_broken = False
        asked = len(endpoint.requests)
        found = evaluated(folder, ["base"], served(endpoint))

    assert len(endpoint.requests) - asked == 1
    assert found.table["pass@1"].to_list() == [1.0]


def test_a_refused_prompt_counts_as_failed_and_is_named(folder):
    with FakeEndpoint(lambda c, _: (200, answered(c)) if "half" in c else (400, "too long")) as endpoint:
        found = evaluated(folder, ["base"], served(endpoint))

    assert found.unanswered == {"humaneval": ["HumanEval/901"]}
    assert found.table["pass@1"].to_list() == [0.5]


def test_an_endpoint_that_takes_no_prompt_at_all_is_an_error(folder):
    with (
        FakeEndpoint(lambda *_: (400, "no top_p")) as endpoint,
        pytest.raises(BenchmarkError, match=r"takes no prompt of humaneval: refused: HTTP 400.*no top_p"),
    ):
        evaluated(folder, ["base"], served(endpoint))


def test_a_style_that_a_benchmark_lacks_is_refused_before_anything_is_asked(folder):
    with (
        FakeEndpoint(lambda *_: (500, "")) as endpoint,
        pytest.raises(BenchmarkError, match="own/lcb has no style base; it has chat, r1: choose one with --style"),
    ):
        evaluated(folder, ["lcb"], served(endpoint), style="base")

    assert not endpoint.requests


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory):
    """Folder of a random chat model whose attention vLLM can compute."""
    from transformers import Qwen2Config

    from tests.taught_models import save_chat_model

    texts = [row["prompt"] for row in EVALPLUS] * 4
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return save_chat_model(folder, "Qwen", Qwen2Config, texts, max_position_embeddings=1024)


def test_an_endpoint_reads_the_tokens_of_a_tokenizer_that_is_named(folder, chat_model):
    short = folder / "short.toml"
    short.write_text((folder / "base.toml").read_text() + "[decoding]\nmax_model_len = 700\n")

    with FakeEndpoint(lambda *_: (200, "    return None\n")) as endpoint:
        evaluated(folder, ["short"], served(endpoint, str(chat_model)))

    answers = pl.read_parquet(folder / "out" / "answers.parquet")
    assert answers["prompt"].str.ends_with("passes corresponding tests:\n```python\n").all()
    expected = prompt_tokens(answers["prompt"].to_list(), str(chat_model))
    assert [request["prompt"] for request in endpoint.requests] == expected
    assert [request["max_tokens"] for request in endpoint.requests] == [700 - len(ids) for ids in expected]
    assert "\n```\n" in endpoint.requests[0]["stop"]


def test_of_many_stops_an_endpoint_gets_four_and_the_answer_is_cut_at_all(folder):
    written = "    return x / 2\n\nassert half(2) == 1\nraise SystemExit"
    with FakeEndpoint(lambda *_: (200, written)) as endpoint:
        evaluated(folder, ["base"], served(endpoint), style="base")

    assert [len(request["stop"]) for request in endpoint.requests] == [4, 4]
    answers = pl.read_parquet(folder / "out" / "answers.parquet")
    assert answers["answer"].to_list() == ["    return x / 2\n"] * 2
    assert answers["finish_reason"].to_list() == ["stop"] * 2


KILLED = """
import os, signal
from pathlib import Path
from acecoder_dagster.evaluation.benchmarks import LocalModel, evaluate_model, read_protocol
from acecoder_dagster.learning.sampling import EngineSettings

def die(what, done, total):
    if done == 2:
        os.kill(os.getpid(), signal.SIGKILL)

model = LocalModel({model!r}, EngineSettings(dtype="float32", max_sequences=1))
evaluate_model([read_protocol({protocol!r})], model, {data!r}, Path({out!r}), name="tiny", report=die)
"""


def test_a_model_here_goes_on_after_a_kill_and_writes_nothing_twice(folder, chat_model):
    rows = [row | {"task_id": f"HumanEval/{910 + number}"} for number, row in enumerate(EVALPLUS * 2)]
    write_lines(folder / "HumanEvalPlus.jsonl", rows)
    protocol = folder / "four.toml"
    own_protocol(folder, "four", "paper/humaneval", 4)
    protocol.write_text(protocol.read_text() + "[decoding]\nmax_tokens = 8\n")
    values = {"model": chat_model, "protocol": protocol, "data": folder, "out": folder / "out"}
    script = KILLED.format(**{key: str(value) for key, value in values.items()})

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGKILL
    (parts,) = (folder / "out" / "answers").glob("humaneval-*/*.parts")
    before = pl.read_parquet(parts / "*.parquet")
    told = []
    model = LocalModel(str(chat_model), EngineSettings(dtype="float32", max_sequences=1))
    found = evaluated(folder, ["four"], model, report=lambda *what: told.append(what))

    written = [done for what, done, _ in told if what == "four: answers"]
    assert before.height in (1, 2)
    assert written == [0, *range(before.height + 1, 5)]
    answers = pl.read_parquet(folder / "out" / "answers.parquet")
    kept = answers.join(before, left_on="task_id", right_on="question_id")
    assert kept.filter(pl.col("answer") == pl.col("completion")).height == before.height
    assert answers["completion_tokens"].max() <= 8
    assert found.table["tasks"].to_list() == [4]

    told.clear()
    evaluated(folder, ["four"], model, report=lambda *what: told.append(what))
    assert [done for what, done, _ in told if what == "four: answers"] == [4]
