"""Bytes to and from an SMTP server, each step bounded by one wall clock.

A socket time-out is per read: a server that sends one byte at a time runs past any. Here every call takes the moment
(`time.monotonic()`) by which it must be done. The socket itself never waits: with a time-out of its own, Python asks
the system before each read and write whether it would have to.
"""

import os
import re
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache

from campaigns.delivery.heard import Heard
from campaigns.delivery.lines import closed, opened

MAX_REPLY = 64_000  # bytes; RFC 5321 4.5.3.1.5 asks for 512 a line
READ_AT_ONCE = 4_096  # bytes
WRITE_AT_ONCE = 262_144  # bytes; it is more than a socket takes at a time, and what it does not take is copied again
TLS_RECORD = 16_384  # bytes it holds at most (RFC 8446 5.1)
NEAR = 0.0002  # seconds in which a server on this machine answers; one behind a network takes longer
SURELY_NEAR = 3  # answers in a row that were there so soon: from then on the next is not slept for
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class WireError(Exception):
    """The conversation broke off; `reason` is dropped, timeout or garbage.

    `sent` is how many bytes of what was to be sent the kernel had taken by then.
    """

    def __init__(self, reason: str, detail: str = "", *, sent: int = 0):
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.sent = sent


@dataclass(frozen=True)
class Reply:
    """An answer: its code, 200 to 599, and its lines. One line of several, which is not whole, is seen only in here."""

    code: int
    lines: tuple[str, ...]
    is_whole: bool = True

    @cached_property
    def text(self) -> str:
        """The answer as one line, as it is shown and kept."""
        return _CONTROLS.sub(" ", f"{self.code} {' '.join(self.lines)}").strip()[:1_000]

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300


class Wire:
    """A connected socket with what has been read from it and not yet used."""

    def __init__(self, sock: socket.socket):
        sock.setblocking(False)
        self.sock = sock
        self.is_hung_up = False  # from another thread, on our side
        self.heard: Heard | None = None  # who listens to commands and their answers
        self._lines: deque[bytes] = deque()  # that came in and were not used, without their line feeds
        self._rest = b""  # what came in behind them: the beginning of a line
        self._at_once = 0  # answers in a row that were there within NEAR
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sock, select.POLLOUT)
        opened(self)

    def send(self, data: bytes, *, deadline: float) -> None:
        """Hand every byte to the kernel, or raise WireError; then the last byte has surely not gone out.

        Under TLS too, where a write is one record: it counts as sent when the kernel has the whole of it, and the other
        side can read no part of one. A write of several would not say how many of them went out.
        """
        at_once = TLS_RECORD if isinstance(self.sock, ssl.SSLSocket) else WRITE_AT_ONCE
        sent = 0
        try:
            while sent < len(data):
                _remaining(deadline)
                sent += self._by(deadline, self.sock.send, data[sent : sent + at_once], blocked=self._writable)
        except OSError as error:
            raise _wire_error(error, sent=sent) from error

    def read_reply(self, *, deadline: float) -> Reply:
        """The next whole answer; WireError when none comes in time or it is not SMTP."""
        reply = _line(self._lines.popleft() if self._lines else self._read_line(deadline=deadline))
        if reply.is_whole:
            return reply
        lines = [*reply.lines]
        size = 0
        while not reply.is_whole:
            raw = self._read_line(deadline=deadline)
            size += len(raw)
            following = _line(raw)
            if following.code != reply.code or size > MAX_REPLY:
                raise WireError("garbage", ascii(raw[:80]))
            reply = following
            lines += reply.lines
        return Reply(reply.code, tuple(lines))

    def command(self, line: str, *, deadline: float) -> Reply:
        """Send one command and read its answer; garbage if an answer nobody asked for is there, to be taken for it."""
        if self.heard is not None:
            self.heard.ours(line)
        self.ask(f"{line}\r\n".encode(), deadline=deadline)
        reply = self.read_reply(deadline=deadline)
        if self.heard is not None:
            self.heard.theirs(reply.code, reply.lines)
        return reply

    def ask(self, commands: bytes, *, deadline: float) -> None:
        """Send one command or several, whose answers are then to be read; garbage if one is there already."""
        if self._lines or self._rest:
            raise WireError("garbage", "the server spoke out of turn")
        self.send(commands, deadline=deadline)

    def has_input(self) -> bool:
        """Whether the server has said something unasked, or hung up; never waits."""
        if self._lines or self._rest:
            return True
        if not self._readable.poll(0) and not self._is_decrypted():
            return False
        try:
            chunk = self.sock.recv(READ_AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        self._came_in(chunk)
        return True

    def upgrade(self, context: ssl.SSLContext, *, hostname: str, deadline: float) -> None:
        """Turn the connection into TLS. Whatever came in before in the clear is not believed (CVE-2011-0411)."""
        if self._lines or self._rest:
            raise WireError("garbage", "the server spoke between STARTTLS and TLS")
        self.sock.settimeout(_remaining(deadline))
        self.sock = context.wrap_socket(self.sock, server_hostname=hostname)
        self.sock.setblocking(False)

    def close(self) -> None:
        """Close the socket; a connection that is already gone is no error."""
        closed(self)
        self._lines.clear()
        self._rest = b""
        self.sock.close()

    def hang_up(self) -> None:
        """End the conversation from another thread: who waits for an answer finds the line dropped at once."""
        self.is_hung_up = True
        with suppress(OSError):  # it is gone already
            # The plain socket's: that of a TLS socket would let later bytes go out in the clear.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _read_line(self, *, deadline: float) -> bytes:
        while not self._lines:
            if len(self._rest) > MAX_REPLY:
                raise WireError("garbage", "a line without an end")
            self._came_in(self._receive(deadline=deadline))
        return self._lines.popleft()

    def _came_in(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines += lines

    def _receive(self, *, deadline: float) -> bytes:
        try:
            # Answers take their time: to try before waiting would nearly always be for nothing.
            if not self._is_decrypted():
                self._wait_for_answer(deadline=deadline)
            chunk: bytes = self._by(deadline, self.sock.recv, READ_AT_ONCE, blocked=self._readable)
        except OSError as error:
            raise _wire_error(error) from error
        if not chunk:
            raise WireError("dropped", "the server closed the connection")
        return chunk

    def _wait_for_answer(self, *, deadline: float) -> None:
        """Wait until there is something to read.

        A server on this machine answers sooner than a process that went to sleep is woken. While one like that is
        waited for, the processor is offered to others again and again instead of being left.
        """
        began = time.monotonic()
        if self._at_once < SURELY_NEAR or not self._is_there_soon(began):
            _wait(self._readable, deadline=deadline)
        self._at_once = self._at_once + 1 if time.monotonic() - began < NEAR else 0

    def _is_there_soon(self, began: float) -> bool:
        while time.monotonic() - began < NEAR:
            if self._readable.poll(0):
                return True
            os.sched_yield()
        return False

    def _is_decrypted(self) -> bool:
        """Whether something came in under TLS of which the socket shows no sign any more."""
        return isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0

    def _by[Given, Got](
        self, deadline: float, step: Callable[[Given], Got], given: Given, *, blocked: select.poll
    ) -> Got:
        """What `step` answers, or TimeoutError at `deadline`; `blocked` is what it waits for, if TLS does not say."""
        while True:
            try:
                return step(given)
            except ssl.SSLWantReadError:
                awaited = self._readable
            except ssl.SSLWantWriteError:
                awaited = self._writable
            except BlockingIOError:
                awaited = blocked
            _wait(awaited, deadline=deadline)


# Servers say the same few lines again and again.
@lru_cache(maxsize=256)
def _line(raw: bytes) -> Reply:
    found = _LINE.fullmatch(raw.rstrip(b"\r"))
    if not found:
        raise WireError("garbage", ascii(raw[:80]))
    text = (found[3] or b"").decode("utf-8", "replace").strip()
    return Reply(int(found[1]), (text,), is_whole=found[2] != b"-")


def _wait(awaited: select.poll, *, deadline: float) -> None:
    if not awaited.poll(_remaining(deadline) * 1000):
        raise TimeoutError("the time for this is up")


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this is up")
    return left


def _wire_error(error: OSError, *, sent: int = 0) -> WireError:
    return WireError("timeout" if isinstance(error, TimeoutError) else "dropped", str(error), sent=sent)
