"""An endpoint that speaks OpenAI's chat completions over real HTTP, as llama.cpp, vLLM, Ollama and hosted ones do.

It answers what `says` gives for the prompt, and goes wrong on demand: `faults` are used up first, one a request.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-4711"


@dataclass
class Fault:
    """An answer that is none: status, headers, body, and how long it takes."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def refusal(status: int, message: str, **headers: str) -> Fault:
    return Fault(status, {"error": {"message": message, "type": "error", "code": None}}, headers)


class FakeEndpoint:
    """What it was asked, and what it says. `content` of the model's answer is a text, or a value that becomes JSON."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.says: Callable[[str], Any] = lambda _prompt: {}
        self.knows_response_format = True
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self.url = ""

    def answer(self, path: str, headers: Any, body: dict[str, Any]) -> Fault:
        with self._lock:
            self.requests.append(body)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            fault = self.faults.pop(0) if self.faults else None
        try:
            return fault or self._completion(path, headers, body)
        finally:
            time.sleep(fault.seconds if fault else 0)
            with self._lock:
                self._now -= 1

    def _completion(self, path: str, headers: Any, body: dict[str, Any]) -> Fault:
        if path != "/v1/chat/completions":
            return refusal(404, f"Unknown path {path}")
        if headers.get("Authorization") != f"Bearer {KEY}":
            shown = headers.get("Authorization", "").removeprefix("Bearer ")
            return refusal(401, f"Incorrect API key provided: {shown}.")
        if "response_format" in body and not self.knows_response_format:
            return refusal(400, "Unrecognized request argument supplied: response_format")
        content = self.says(body["messages"][-1]["content"])
        return completion(content if isinstance(content, str) or content is None else json.dumps(content))


def completion(content: Any, model: str = "small-model-2026-05") -> Fault:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 40, "completion_tokens": 8, "total_tokens": 48}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "usage": usage}
    return Fault(200, {**body, "choices": [choice]})


@contextmanager
def running():
    """A fake that listens on this machine, at `url`."""
    fake = FakeEndpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = fake.answer(self.path, self.headers, body)
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:  # the client did not wait any longer
                self.close_connection = True

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
