"""Requests to services outside: judged addresses, one answer, within a size and a time."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from campaigns_project.outbound import AddressNotAllowed, HostUnknown
from campaigns_project.outbound_http import NoAnswer, NotEncrypted, exchange

SECRET = {"x-api-key": "s3cret"}


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Starts a server that answers every request so; answers its address. `asked` of it has the requests."""
    servers = []

    def start(status: int, body: bytes, **headers: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(dict(self.headers))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                """Nothing: a test's output is its own."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    asked: list[dict[str, str]] = []
    start.asked = asked  # type: ignore[attr-defined]
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def get(url: str, **more: Any) -> Any:
    return exchange("GET", url, **{"headers": SECRET, "seconds": 5.0, **more})


def test_an_answer_comes_whole_whatever_its_status(serve):
    answer = get(serve(418, b'{"tea": true}', X_Pot="short"))

    assert (answer.status, answer.text, answer.headers["x-pot"]) == (418, '{"tea": true}', "short")


def test_a_redirect_is_an_answer_and_the_key_goes_nowhere_else(serve):
    elsewhere = serve(200, b"{}")
    answer = get(serve(302, b"", Location=elsewhere))

    assert (answer.status, len(serve.asked)) == (302, 1)


def test_an_answer_that_is_too_long_is_cut_off(serve):
    with pytest.raises(NoAnswer, match="longer than 1,000 bytes"):
        get(serve(200, b"a" * 2_000), most_bytes=1_000)


def test_a_packed_answer_is_not_unpacked(serve):
    with pytest.raises(NoAnswer, match="packed"):
        get(serve(200, gzip.compress(b"a" * 10_000_000), Content_Encoding="gzip"))


def _hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_nobody_there_is_told_from_an_answer_that_got_lost():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    with pytest.raises(NoAnswer) as nobody:
        get(url)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_hang_up, args=(listener,), daemon=True).start()
        with pytest.raises(NoAnswer) as lost:
            get(f"http://127.0.0.1:{listener.getsockname()[1]}/")

    assert (nobody.value.may_have_arrived, lost.value.may_have_arrived) == (False, True)


def test_silence_ends_with_the_time():
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NoAnswer, match=r"within 0\.3 s"):
        get(f"http://127.0.0.1:{listener.getsockname()[1]}/", seconds=0.3)

    assert time.monotonic() - began < 5


def test_a_server_that_is_no_server_of_tls_had_nothing_sent(settings, serve):
    with pytest.raises(NoAnswer) as refused:
        get(serve(200, b"{}").replace("http://", "https://"))

    assert refused.value.may_have_arrived is False
    assert serve.asked == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://127.0.0.1/", AddressNotAllowed),
        ("https://localhost/", AddressNotAllowed),
        ("https://[::1]/", AddressNotAllowed),
        ("https://2130706433/", AddressNotAllowed),
        ("https://0177.0.0.1/", NoAnswer),
        ("https://169.254.169.254/latest/meta-data/", AddressNotAllowed),
        ("https://[::ffff:10.0.0.1]/", AddressNotAllowed),
        ("http://example.com/", NotEncrypted),
        ("https://no-such-host.invalid/", HostUnknown),
        ("ftp://example.com/", NoAnswer),
        ("https://[::1/", NoAnswer),
        ("not an address", NoAnswer),
    ],
)
def test_what_may_not_be_connected_to_is_refused(settings, url, kind):
    settings.OUTBOUND_ALLOW_HOSTS = []

    with pytest.raises(kind):
        get(url)


def test_no_message_has_a_header(serve):
    with pytest.raises(NoAnswer) as refused:
        get(serve(200, b"{}"), headers={"x-api-key": "s3cret\r\nx-evil: 1"})

    assert "s3cret" not in f"{refused.value!r} {refused.value.why} {refused.value.__cause__}"
