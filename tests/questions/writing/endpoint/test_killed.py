import os
import signal
import subprocess
import sys
import time

from tests.questions.writing.endpoint.fake_endpoint import FakeEndpoint

SCRIPT = """
import sys
from pathlib import Path
from acecoder_dagster.questions.writing.endpoint import AnswerCache, Chat, EndpointSettings, ask
settings = EndpointSettings(base_url=sys.argv[1], model="fake", concurrency=4)
chats = [Chat((("user", str(number)),), {}, 0) for number in range(60)]
with AnswerCache(Path(sys.argv[2])) as cache:
    answers = ask(chats, settings, cache, lambda _: None)
assert [answer.text for answer in answers] == [str(number) for number in range(60)]
"""


def test_a_killed_run_goes_on_and_pays_for_nothing_twice_but_what_was_under_way(tmp_path):
    def behave(content, _):
        time.sleep(0.05)
        return 200, content

    with FakeEndpoint(behave) as endpoint:
        command = [sys.executable, "-c", SCRIPT, endpoint.base_url, str(tmp_path / "answers.sqlite")]
        first = subprocess.Popen(command)
        deadline = time.monotonic() + 60
        while sum(endpoint.paid.values()) < 20:
            assert first.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()

        subprocess.run(command, check=True, timeout=60)

        twice = [content for content, times in endpoint.paid.items() if times > 1]
        assert len(endpoint.paid) == 60
        assert len(twice) <= 4
