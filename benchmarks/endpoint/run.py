"""How busy the question writer keeps a server: `python -m benchmarks.endpoint`.

A local server that takes two seconds for each answer is asked 2,000 questions at a concurrency of 64, one in fifty of
them answered at first by a limit, a server error or a lost connection. It counts how many requests are with it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from acecoder_dagster.questions.writing.endpoint import AnswerCache, Chat, EndpointSettings, ask
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.endpoint.server import SECONDS_PER_ANSWER, TROUBLED

REPORT = Path(__file__).with_name("results.md")
REQUESTS = 2_000
CONCURRENCY = 64
BUSY_AT_LEAST = 0.9


def main(report: ReportPath = REPORT) -> None:
    """Ask, count, write the report."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.endpoint.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    settings = EndpointSettings(
        base_url=f"http://127.0.0.1:{int(process.stdout.readline())}/v1", model="m", concurrency=CONCURRENCY
    )
    chats = [Chat((("user", str(number)),), {}, 0) for number in range(REQUESTS)]
    with tempfile.TemporaryDirectory() as folder, AnswerCache(Path(folder) / "answers.sqlite") as cache:
        answers = ask(chats, settings, cache, lambda _: None)
    counts = json.loads(process.communicate()[0])
    lost = sum(answer.text != str(number) for number, answer in enumerate(answers))
    busy = counts["under_way"] / CONCURRENCY
    lines = [
        "# Asking an endpoint",
        "",
        f"`python -m benchmarks.endpoint`, {describe_machine()}.",
        "",
        f"{REQUESTS:,} requests at a concurrency of {CONCURRENCY}, {SECONDS_PER_ANSWER} s for each answer, one in "
        f"{TROUBLED} first answered by 429, 500 or a lost connection: {counts['seconds']:.1f} s, "
        f"{counts['answered'] / counts['seconds']:.0f} answers per second, on average {counts['under_way']:.1f} "
        f"requests with the server ({busy:.0%} of {CONCURRENCY}); {lost} lost, {counts['paid_twice']:.0f} paid twice.",
        "",
    ]
    write_report(report, lines)
    if busy < BUSY_AT_LEAST or lost or counts["paid_twice"]:
        sys.exit(1)
