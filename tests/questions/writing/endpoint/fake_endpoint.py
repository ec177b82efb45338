"""An OpenAI-compatible server that answers as it is told: well, badly, late, or not at all."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeEndpoint:
    """Answers chats and continues texts; `behave(content, attempt)` says how, by the words and how often they came.

    A behaviour is a status and the model's words, or `disconnect`, or `slow`. `paid` counts the answers given by the
    words asked; `under_way` is the most requests that were there at the same time.
    """

    def __init__(self, behave):
        self.behave = behave
        self.asked = Counter()
        self.paid = Counter()
        self.requests = []
        self.under_way = 0
        self._now = 0
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                endpoint.serve(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # clients that have gone

        self._server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler):
        request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        content = request["messages"][-1]["content"] if "messages" in request else _text(request["prompt"])
        with self._lock:
            self.requests.append(request)
            self.asked[content] += 1
            attempt = self.asked[content]
            self._now += 1
            self.under_way = max(self.under_way, self._now)
        try:
            status, words = self.behave(content, attempt)
        finally:
            with self._lock:
                self._now -= 1
        if words == "disconnect":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
            handler.close_connection = True
            return
        if words == "slow":
            time.sleep(3)
            words = "late"
        if status == 200:
            with self._lock:
                self.paid[content] += 1
        self.send(handler, status, words, is_chat="messages" in request)

    def send(self, handler, status, words, *, is_chat):
        body = {"error": {"message": words}}
        if status == 200:
            written = {"message": {"role": "assistant", "content": words}} if is_chat else {"text": words}
            body = {
                "id": "1",
                "object": "chat.completion" if is_chat else "text_completion",
                "created": 1,
                "model": "fake",
                "choices": [{"index": 0, **written, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
            }
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        if status == 429:
            handler.send_header("Retry-After-Ms", "10")
        handler.end_headers()
        handler.wfile.write(data)


def _text(prompt):
    """Return a prompt of token ids as text, so that it can be counted."""
    return prompt if isinstance(prompt, str) else " ".join(map(str, prompt))
