"""A host that takes itself for Amazon SNS: real TLS under its name, on a port of this machine."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from campaigns_project import outbound_http

HOST = "sns.us-east-1.amazonaws.com"


@contextmanager
def sns_host(folder: Path, *, status: int = 200) -> Iterator[list[str]]:
    """What was asked of it, in the order in which it came; its name leads here, and its certificate is believed."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Nothing: a test's output is its own."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    pem = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    really, resolved = socket.create_connection, socket.getaddrinfo
    trusting = ssl.create_default_context(cafile=str(pem))
    with pytest.MonkeyPatch.context() as patch:
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))
        patch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *more, **named: [row] if host == HOST else resolved(host, *more, **named),
        )
        patch.setattr(
            socket, "create_connection", lambda _address, *more, **named: really(server.server_address, *more, **named)
        )
        patch.setattr(outbound_http, "_tls", lambda: trusting)
        yield asked
    server.shutdown()
    server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "sns.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path
