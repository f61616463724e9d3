"""One connection to a server that answers after 5 ms: ours, pipelined, against smtplib, kept open.

    python -m bench.one_connection [--mails 300] [--delay-ms 5]

Both send the same mails of 10 KB to the same server, a process of its own, in turns. The server answers whatever has
arrived, all of it together, `delay` after it arrived: that is a round trip, which no client can shorten.
"""

import argparse
import multiprocessing
import selectors
import smtplib
import socket
import statistics
import time
from dataclasses import dataclass, field

from campaigns.delivery.base import Envelope
from campaigns.delivery.outcomes import Accepted
from campaigns.delivery.server import Security, SmtpServer
from campaigns.delivery.smtp import SmtpConnection

SIZE = 10_000  # bytes
TURNS = 3
REACH = 3.5
ANSWERS = {
    b"EHLO": b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
OK = b"250 ok\r\n"


def main() -> None:
    """Print mails a second of both and their ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=300)
    options.add_argument("--delay-ms", type=float, default=5.0)
    given = options.parse_args()
    theirs, ours = measure(mails=given.mails, delay=given.delay_ms / 1000)
    print(f"one connection, answers after {given.delay_ms:g} ms, {given.mails} mails of {SIZE:,} bytes")
    print(f"  smtplib, persistent   {theirs:9,.1f} mails/s")
    print(f"  ours, pipelined       {ours:9,.1f} mails/s")
    print(f"  ratio                 {ours / theirs:9.2f}   (to reach: {REACH})")


def measure(*, mails: int, delay: float) -> tuple[float, float]:
    """Mails a second of smtplib and of ours, medians over the turns; the server answers after `delay` seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = multiprocessing.Process(target=serve, args=(listener, delay), daemon=True)
        server.start()
        port = listener.getsockname()[1]
        envelopes = [_mail(place) for place in range(mails)]
        rates = [(by_smtplib(port, envelopes), by_ours(port, envelopes)) for _ in range(TURNS)]
        server.terminate()
    theirs, ours = (statistics.median(column) for column in zip(*rates, strict=True))
    return theirs, ours


def by_smtplib(port: int, mails: list[Envelope]) -> float:
    """Mails a second over one connection of the standard library."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench") as client:
        client.ehlo()
        started = time.perf_counter()
        for mail in mails:
            client.sendmail(mail.mail_from, [mail.rcpt_to], mail.data)
        return len(mails) / (time.perf_counter() - started)


def by_ours(port: int, mails: list[Envelope]) -> float:
    """Mails a second over one connection of ours; opening it is counted, as it comes with the first mail."""
    account = SmtpServer(host="127.0.0.1", port=port, security=Security.NONE, ehlo_name="bench")
    with SmtpConnection(account, max_mails=len(mails)) as connection:
        started = time.perf_counter()
        outcomes = list(connection.deliver_many(mails))
        elapsed = time.perf_counter() - started
    if any(not isinstance(outcome, Accepted) for outcome in outcomes):
        raise SystemExit("not every mail was accepted; the figures would mean nothing")
    return len(mails) / elapsed


@dataclass
class _Client:
    sock: socket.socket
    unread: bytearray = field(default_factory=bytearray)
    takes_content: bool = False

    def answers(self) -> bytes:
        """The answers to every complete line or content that has arrived."""
        out = b""
        while True:
            end = b"\r\n.\r\n" if self.takes_content else b"\r\n"
            place = self.unread.find(end)
            if place < 0:
                return out
            line = bytes(self.unread[:place])
            del self.unread[: place + len(end)]
            out += OK if self.takes_content else ANSWERS.get(line[:4].upper(), OK)
            self.takes_content = not self.takes_content and line[:4].upper() == b"DATA"


def serve(listener: socket.socket, delay: float) -> None:
    """Take and forget mails until the process is ended; one thread, as many clients as come."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.data is None:
                    sock, _ = listener.accept()
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    sock.sendall(b"220 bench\r\n")
                    selector.register(sock, selectors.EVENT_READ, _Client(sock))
                elif not _turn(key.data, delay):
                    selector.unregister(key.fileobj)
                    key.data.sock.close()


def _turn(client: _Client, delay: float) -> bool:
    chunk = client.sock.recv(1 << 20)
    client.unread += chunk
    if answers := client.answers():
        time.sleep(delay)
        client.sock.sendall(answers)
    return bool(chunk)


def _mail(place: int) -> Envelope:
    head = f"From: ada@sender.example\r\nTo: bob{place}@example.org\r\nSubject: Hello {place}\r\n\r\n"
    body = "Seventy-eight characters make one line of text in a mail of the usual size.\r\n" * (SIZE // 77)
    return Envelope("ada@sender.example", f"bob{place}@example.org", (head + body)[:SIZE].encode())


if __name__ == "__main__":
    main()
