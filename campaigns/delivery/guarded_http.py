"""HTTP to an e-mail service: only to addresses that were checked, told how far it got, bounded by the wall clock.

`requests` would follow redirects, use a proxy of the environment, ask DNS again for each connection, and wait without
end for an answer that comes one byte at a time.
"""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from campaigns.delivery.lines import closed, opened
from campaigns.delivery.outcomes import Stage

CONNECT_SECONDS = 10.0

# The addresses to connect to, of a host and port; raises for a host that may not be connected to.
Resolve = Callable[[str, int], Sequence[str]]
# Asked once connected, right before the request; False stops it.
Ask = Callable[[], bool]


class GateExpiredError(Exception):
    """What was to be asked right before the request said no; nothing was sent."""


class Line:
    """What is known of the request at hand: how far it got, and what to ask before its first byte."""

    def __init__(self, resolve: Resolve, *, seconds: float):
        self.resolve = resolve
        self.seconds = seconds
        self.ask: Ask = lambda: True
        self.stage = Stage.CONNECT
        self.is_timed_out = False
        self._watch: threading.Timer | None = None
        self._sock: socket.socket | None = None

    def begin(self, ask: Ask) -> None:
        """A new request, which has got nowhere yet."""
        self.end()
        self.ask, self.stage, self.is_timed_out = ask, Stage.CONNECT, False

    def writing(self, sock: socket.socket) -> None:
        """The connection stands: from here on the time runs, and the next thing is the first byte."""
        if not self.ask():
            raise GateExpiredError
        self.stage = Stage.CONTENT
        self._sock = sock
        opened(self)
        self._watch = threading.Timer(self.seconds, self._time_is_up)
        self._watch.daemon = True
        self._watch.start()

    def written(self) -> None:
        """Every byte is out: only the service can say what became of it."""
        self.stage = Stage.DOT

    def end(self) -> None:
        """The answer is there, or there will be none."""
        closed(self)
        self._sock = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def hang_up(self) -> None:
        """End the request from another thread."""
        sock = self._sock
        if sock is not None:
            with suppress(OSError):  # closed meanwhile: there is nobody to wake
                # Of the plain socket: that of a TLS socket would take the session away from the thread that reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _time_is_up(self) -> None:
        self.is_timed_out = True
        self.hang_up()


class _Guarded:
    """Mixed into a connection of urllib3: connects to what was checked, and tells the line how far it is."""

    line: Line

    def _new_conn(self: Any) -> socket.socket:
        host = self._dns_host
        refusal: Exception | None = None
        for address in self.line.resolve(host, self.port):
            self._dns_host = address
            try:
                return super()._new_conn()  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - the next address may answer; the last error is raised
                refusal = error
            finally:
                self._dns_host = host  # the certificate must name the host
        raise refusal or OSError("no address")

    def request(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        self.line.writing(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]
        # Not in getresponse(): urllib3 asks for an answer even where the request could not be written to its end.
        self.line.written()


class _Plain(_Guarded, HTTPConnection):
    pass


class _Tls(_Guarded, HTTPSConnection):
    pass


class _Adapter(HTTPAdapter):
    def __init__(self, line: Line):
        self._line = line
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools: dict[str, Any] = {
            "http": partial(_pool, HTTPConnectionPool, type("Plain", (_Plain,), {"line": self._line})),
            "https": partial(_pool, HTTPSConnectionPool, type("Tls", (_Tls,), {"line": self._line})),
        }
        self.poolmanager.pool_classes_by_scheme = pools


def _pool(kind: type[Any], connection: type[Any], *args: Any, **kwargs: Any) -> Any:
    pool = kind(*args, **kwargs)
    pool.ConnectionCls = connection
    return pool


class GuardedSession(requests.Session):
    """A session for one line: no proxy or password file of the environment, no redirects, no second try."""

    def __init__(self, line: Line):
        super().__init__()
        self.trust_env = False
        self._line = line
        self.mount("http://", _Adapter(line))
        self.mount("https://", _Adapter(line))

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As of requests; the answer has been read whole when it returns."""
        kwargs.update(allow_redirects=False, timeout=(CONNECT_SECONDS, self._line.seconds))
        try:
            return super().request(*args, **kwargs)
        finally:
            self._line.end()
