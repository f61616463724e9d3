"""HTTP to a service that a person or a setting names: only to addresses that were judged, within a time and a size.

A plain client would follow redirects, use a proxy of the environment, ask DNS again for each connection, wait without
end for an answer that comes one byte at a time, and unpack whatever it is sent.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from campaigns_project.errors import Refused
from campaigns_project.outbound import addresses_of

CONNECT_SECONDS = 10.0
MOST_ADDRESSES = 4  # of a host are tried, each for so long: a name with hundreds would hold us for an hour
MOST_BYTES = 8 * 1024 * 1024  # of one answer; a hundred people with their careers are about 1 MB


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; bytes that are none are shown as such."""
        return self.body.decode(errors="replace")


class NoAnswer(Exception):
    """Nothing came back that can be used. `may_have_arrived` is False where the request surely was not acted upon."""

    def __init__(self, why: str, *, may_have_arrived: bool):
        super().__init__(why)
        self.why = why
        self.may_have_arrived = may_have_arrived


class NotEncrypted(Refused):
    """The address is plain http, so the key would go over the line in the clear."""

    def __init__(self, host: str):
        super().__init__(
            "not_encrypted",
            f"The address at {host[:253]!a} is not https, so the key would go over the line in the clear.",
            "Write it with https; a host inside one's own network has to stand in OUTBOUND_ALLOW_HOSTS.",
            {"host": host},
        )


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float,
    params: Mapping[str, str] | None = None,
    json: Any = None,
    content: bytes | None = None,
    most_bytes: int = MOST_BYTES,
    is_cut: bool = False,
) -> Answer:
    """Send one request over a connection of its own and read the answer whole, within `seconds` from the connection on.

    A redirect is an answer like any other. AddressNotAllowed for a host inside our own networks, HostUnknown for one
    that DNS does not know, NotEncrypted for plain http to a host that is not one's own by OUTBOUND_ALLOW_HOSTS,
    NoAnswer for whatever else goes wrong. No header, and so no key, is in any message. Where only the status counts
    (`is_cut`) a longer answer is cut off, and of a packed one nothing is kept.
    """
    _refuse_plain(url)
    # A connection that is kept may be closed while a request is on its way: nobody could tell what became of it.
    with httpx.Client(transport=_Transport(seconds), timeout=seconds, trust_env=False) as client:
        try:
            sent = {**headers, "Accept-Encoding": "identity"}
            with client.stream(method, url, headers=sent, params=params, json=json, content=content) as answer:
                body = _beginning(answer, most_bytes) if is_cut else _body(answer, most_bytes)
                return Answer(answer.status_code, answer.headers, body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol):
            raise NoAnswer("its address is none of http or https", may_have_arrived=False) from None
        except _NOT_SENT as error:
            raise NoAnswer(_words(error, seconds), may_have_arrived=False) from None
        except _BROKEN as error:
            raise NoAnswer(_words(error, seconds), may_have_arrived=True) from None


def _refuse_plain(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise NoAnswer("its address cannot be read", may_have_arrived=False) from None
    if parts.scheme == "http" and host not in settings.OUTBOUND_ALLOW_HOSTS:
        raise NotEncrypted(host)


def _body(answer: httpx.Response, most_bytes: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise NoAnswer("its answer is packed, which was not asked for", may_have_arrived=True)
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > most_bytes:
            raise NoAnswer(f"its answer is longer than {most_bytes:,} bytes", may_have_arrived=True)
    return bytes(body)


def _beginning(answer: httpx.Response, most_bytes: int) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return b""
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) >= most_bytes:
            break
    return bytes(body[:most_bytes])


_NOT_SENT = (httpcore.ConnectError, httpcore.ConnectTimeout)
_BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


def _words(error: Exception, seconds: float) -> str:
    """What to say of it; an error of the protocol may quote a header, so its own words are left out."""
    match error:
        case httpcore.ConnectTimeout():
            return f"no connection within {CONNECT_SECONDS:g} s"
        case httpcore.ConnectError():
            return f"no connection: {error}"
        case httpcore.TimeoutException():
            return f"no whole answer within {seconds:g} s"
        case httpcore.NetworkError():
            return "the connection broke off"
    return "what came back is not HTTP, or the connection was closed"


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # made once: it reads every certificate there is


class _Transport(httpx.BaseTransport):
    """One connection, made by way of `_Judged`."""

    def __init__(self, seconds: float):
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=_Judged(seconds), max_keepalive_connections=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=url,
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any):
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        self._stream.close()


class _Judged(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, and to no other; the name is kept for the certificate."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        refusal: Exception = httpcore.ConnectError("no address")
        for address in addresses_of(host, port=port)[:MOST_ADDRESSES]:
            try:
                stream = self._system.connect_tcp(address, port, CONNECT_SECONDS)
                return _Timed(stream, time.monotonic() + self._seconds)
            except _NOT_SENT as error:  # the next address may answer
                refusal = error
        raise refusal


class _Timed(httpcore.NetworkStream):
    """A connection on which the clock runs: no wait is longer than what is left of the whole."""

    def __init__(self, stream: httpcore.NetworkStream, end: float):
        self._stream = stream
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._end)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, late: type[httpcore.TimeoutException]) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise late
        return left
