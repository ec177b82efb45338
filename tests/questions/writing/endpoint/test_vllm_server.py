"""The endpoint's client against vLLM's own server, with a tiny model of random weights."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from acecoder_dagster.learning.training.scratch import create_scratch_model
from acecoder_dagster.learning.training.settings import ScratchModelSettings
from acecoder_dagster.questions.writing.endpoint import AnswerCache, Chat, EndpointSettings, ask
from tests.requirements import require

TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 8}},
    "required": ["word"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    require("lscpu")  # vLLM's server asks it for the cores
    folder = tmp_path_factory.mktemp("served")
    sizes = ScratchModelSettings(
        vocabulary_size=300, hidden_size=64, layers=1, attention_heads=2, feed_forward_size=64, context_length=256
    )
    create_scratch_model(["What is it? {}"], folder / "model", sizes)
    (folder / "template.jinja").write_text(TEMPLATE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # What `vllm serve` runs; the command itself insists on metadata that the CPU wheel has under another name.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(folder / "model"), "--served-model-name", "tiny"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--chat-template", str(folder / "template.jinja")]
    command += ["--dtype", "float32", "--max-num-seqs", "8", "--enforce-eager"]
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_it_answers(process, port, folder / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_answers(process, port, log):
    deadline = time.monotonic() + 540
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
        else:
            return
    raise AssertionError(log.read_text()[-3000:])


def test_a_real_server_answers_by_the_schema_and_is_paid_once(server, tmp_path):
    settings = EndpointSettings(base_url=server, model="tiny", max_tokens=64, concurrency=8)
    chats = [Chat((("system", "Answer."), ("user", f"What is {number}?")), SCHEMA, 0) for number in range(12)]

    with AnswerCache(tmp_path / "answers.sqlite") as cache:
        answers = ask(chats, settings, cache, lambda _: None)
        again = ask(chats, settings, cache, lambda _: None)
        too_long = ask([Chat((("user", "x" * 2000),), SCHEMA, 0)], settings, cache, lambda _: None)

    assert all(
        set(json.loads(answer.text, strict=False)) == {"word"} for answer in answers if answer.finish_reason == "stop"
    )
    assert all(answer.problem is None and answer.attempts == 1 for answer in answers)
    assert all(answer.prompt_tokens and answer.completion_tokens for answer in answers)
    assert all(answer.reused for answer in again)
    assert [answer.text for answer in again] == [answer.text for answer in answers]
    assert too_long[0].problem is not None
    assert too_long[0].problem.startswith("refused: HTTP 400")
