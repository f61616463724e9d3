"""A proxy in front of the tests' Postgres that pools transactions, as PgBouncer does it: no session is anybody's.

It speaks as much of the protocol as it needs: it logs in at the server for itself, lets everybody in, and passes each
transaction on to a session that is free.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue, Queue

import pytest
from django.conf import settings

START = struct.Struct("!ii")
VERSION = 196_608  # 3.0 of the protocol
TERMINATE, SYNC, QUERY, READY, KEY, PASSED_ON = b"X", b"S", b"Q", b"Z", b"K", b"RSK"


class Pooler:
    """Clients come to `port`; `said` is all that they asked. Sessions go round, or the last one used comes first."""

    def __init__(self, database: str, *, sessions: int, go_round: bool):
        given = settings.DATABASES["default"]
        self._upstream = (f"{given['HOST']}/.s.PGSQL.{given['PORT']}", given["USER"], database)
        self.said = bytearray()
        self._greeting = b""
        self._free: Queue[socket.socket] = Queue() if go_round else LifoQueue()
        for _ in range(sessions):
            self._free.put(self._logged_in())
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open = [self._server]
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (*self._open, *iter(self._free.queue)):
            each.close()

    def _logged_in(self) -> socket.socket:
        path, user, database = self._upstream
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        wanted = f"user\0{user}\0database\0{database}\0client_encoding\0UTF8\0\0".encode()
        line.sendall(START.pack(START.size + len(wanted), VERSION) + wanted)
        self._greeting = b"".join(whole for kind, whole in _messages(line) if kind != KEY)
        return line

    def _accept(self) -> None:
        try:
            while True:
                client, _address = self._server.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=[client], daemon=True).start()
        except OSError:
            return  # closed

    def _serve(self, client: socket.socket) -> None:
        try:
            while (begun := START.unpack(_read(client, START.size)))[1] != VERSION:
                client.sendall(b"N")  # neither TLS nor GSSAPI
            _read(client, begun[0] - START.size)
            number = struct.pack("!ciii", KEY, 12, -1, 0)  # of no process of the server
            client.sendall(self._greeting[:-6] + number + self._greeting[-6:])
            while self._one_transaction(client):
                pass
        except OSError:
            return  # hung up, or closed

    def _one_transaction(self, client: socket.socket) -> bool:
        kind, whole = _message(client)
        if kind == TERMINATE:
            return False
        session = self._free.get()
        try:
            while True:
                self.said += whole
                session.sendall(whole)
                if kind in {SYNC, QUERY}:
                    answer = [each for _kind, each in _messages(session)]
                    client.sendall(b"".join(answer))
                    if answer[-1].endswith(b"I"):  # no transaction is open
                        return True
                kind, whole = _message(client)
        finally:
            self._free.put(session)


@contextmanager
def pooled(database: str, *, sessions: int, go_round: bool) -> Iterator[Pooler]:
    """A pooler in front of `database` while the block lasts. It knows no passwords: behind a port it is skipped."""
    if not settings.DATABASES["default"]["HOST"].startswith("/"):
        pytest.skip("the pooler goes to a Postgres behind a socket")
    pooler = Pooler(database, sessions=sessions, go_round=go_round)
    try:
        yield pooler
    finally:
        pooler.close()


def _messages(line: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """The server's, up to that it is ready."""
    while True:
        kind, whole = _message(line)
        yield kind, whole
        if kind == READY:
            return


def _message(line: socket.socket) -> tuple[bytes, bytes]:
    head = _read(line, 5)
    return head[:1], head + _read(line, int.from_bytes(head[1:]) - 4)


def _read(line: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        more = line.recv(size - len(found))
        if not more:
            raise ConnectionResetError
        found += more
    return bytes(found)
