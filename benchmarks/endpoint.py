"""How busy the question writer keeps a server: `python -m benchmarks.endpoint`.

A local server that takes two seconds for each answer is asked 2,000 questions at a concurrency of 64, one in fifty of
them answered at first by a limit, a server error or a lost connection. It counts how many requests are with it.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import typer

from acecoder_dagster.questions.writing.endpoint import AnswerCache, Chat, EndpointSettings, ask
from benchmarks.machine import describe_machine

REPORT = Path(__file__).parent / "results" / "endpoint.md"
REQUESTS = 2_000
CONCURRENCY = 64
SECONDS_PER_ANSWER = 2.0
TROUBLED = 50
BUSY_AT_LEAST = 0.9


class Server:
    """Answers after a while; counts what it answers, and the time that requests spend with it."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.request_seconds = 0.0
        self.first = self.last = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
                )
                request = json.loads(await reader.readexactly(length))
                if not await self._answer(request["messages"][-1]["content"], writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, asked: str, writer: asyncio.StreamWriter) -> bool:
        started = time.monotonic()
        self.first = self.first or started
        self.asked[asked] += 1
        await asyncio.sleep(SECONDS_PER_ANSWER)
        self.last = time.monotonic()
        self.request_seconds += self.last - started
        status = 200
        if int(asked) % TROUBLED == 0 and self.asked[asked] == 1:
            status = (429, 500, 0)[int(asked) // TROUBLED % 3]
        if status == 0:
            return False
        self.paid[asked] += status == 200
        message = {"role": "assistant", "content": asked}
        body = {
            "id": "x", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip
        data = json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        await writer.drain()
        return True

    def counts(self) -> dict[str, float]:
        """Return what was seen."""
        seconds = max(self.last - self.first, 1e-9)
        return {
            "asked": sum(self.asked.values()),
            "answered": len(self.paid),
            "paid_twice": sum(times > 1 for times in self.paid.values()),
            "seconds": seconds,
            "under_way": self.request_seconds / seconds,
        }


async def _run_server() -> None:
    """Serve until standard input ends; then print the counts."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=256)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(json.dumps(server.counts()), flush=True)


def main() -> None:
    """Ask, count, write the report."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.endpoint", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    if busy < BUSY_AT_LEAST or lost or counts["paid_twice"]:
        sys.exit(1)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_run_server())
    else:
        typer.run(main)
