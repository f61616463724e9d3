"""An SMTP server in a process of its own that takes everything and writes down what it took: the truth.

    python -m campaigns.tests.torture.server LOG [SECONDS]

The first line on its output is its port. Each mail it takes is a line of JSON in LOG, written before the 250 goes out.
With SECONDS it is a slow relay: on average it is busy so long with each mail, with one after the other.

`stop POINT` on its input: the next conversation that gets to that point is held there, and `at POINT PORT` on the
output says which one, by the client's port, until `go` comes in.
"""

import contextlib
import email
import json
import os
import random
import socketserver
import sys
import threading
import time
from pathlib import Path
from typing import Any

POINTS = ("commands", "content", "dot", "answered")
PATIENCE = 20.0  # seconds a conversation is held at most, should `go` never come
EHLO = b"250-counting\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 35882577\r\n"


class Counting(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, log: Path, seconds: float):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.seconds = seconds
        self.relay = threading.Lock()
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._wanted = ""
        self._lock = threading.Lock()
        self._go = threading.Event()

    def write_down(self, **mail: Any) -> None:
        os.write(self._log, json.dumps(mail).encode() + b"\n")

    def obey(self, line: str) -> None:
        order, _, point = line.strip().partition(" ")
        with self._lock:
            if order == "go":
                self._wanted = ""
                self._go.set()
            else:
                self._go.clear()
                self._wanted = point

    def reached(self, point: str, port: int) -> bool:
        """Hold this conversation if it is the one that is wanted; False when it is not."""
        with self._lock:
            is_it = self._wanted == point
            if is_it:
                self._wanted = ""
        if is_it:
            print(f"at {point} {port}", flush=True)
            self._go.wait(PATIENCE)
        return is_it


class Conversation(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Counting

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client was killed
            self._talk()

    def _talk(self) -> None:
        to = ""
        self.wfile.write(b"220 counting\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"MAIL":
                self.server.reached("commands", self.client_address[1])
            if verb == b"RCPT":
                to = line.partition(b"<")[2].partition(b">")[0].decode()
            if verb == b"DATA":
                if not self._receive(to):
                    return
                continue
            self.wfile.write(EHLO if verb == b"EHLO" else b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return

    def _receive(self, to: str) -> bool:
        """One mail; False when the client was gone before its dot."""
        port = self.client_address[1]
        self.wfile.write(b"354 go on\r\n")
        if not self.rfile.peek(1):  # type: ignore[attr-defined]
            return False
        began_at = time.time()
        if self.server.reached("content", port):
            return False  # whose client died here is not to have sent the rest, though it may lie in a buffer
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        if self.server.seconds:
            with self.server.relay:
                time.sleep(random.expovariate(1 / self.server.seconds))
        headers = email.message_from_bytes(b"".join(lines))
        self.server.write_down(
            id=headers["Message-ID"], subject=headers["Subject"], to=to, began_at=began_at, taken_at=time.time()
        )
        self.server.reached("dot", port)
        self.wfile.write(b"250 2.0.0 taken\r\n")
        self.server.reached("answered", port)
        return True


def main(log: str, seconds: str = "0") -> None:
    with Counting(Path(log), float(seconds)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        for line in sys.stdin:
            server.obey(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
