"""The local server that the benchmark asks: `python -m benchmarks.endpoint.server`."""

import asyncio
import json
import sys
import time
from collections import Counter

SECONDS_PER_ANSWER = 2.0
TROUBLED = 50
"""One request in so many is first answered by a limit, a server error or a lost connection."""


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


async def run_server() -> None:
    """Serve until standard input ends; then print the counts."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=256)
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        print(json.dumps(server.counts()), flush=True)


if __name__ == "__main__":
    asyncio.run(run_server())
