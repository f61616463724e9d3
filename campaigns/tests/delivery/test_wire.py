"""What is known of bytes that were handed to the kernel when a line breaks."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from campaigns.delivery.wire import Wire, WireError


@pytest.fixture
def ends():
    """A line, and its other end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5.0)
    wire = Wire(ours)
    with closing(wire), theirs:
        yield wire, theirs


def read_all(sock):
    """Everything that arrived before the line broke, as many bytes as can be read."""
    count = 0
    try:
        while chunk := sock.recv(65_536):
            count += len(chunk)
    except OSError:
        pass  # the end of a line that broke in the middle of a TLS record
    return count


@pytest.mark.parametrize("is_tls", [False, True], ids=["in the clear", "under TLS"])
def test_no_byte_arrives_that_was_not_said_to_have_gone_out(ends, server_tls, trusting, is_tls):
    wire, theirs = ends
    if is_tls:
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(server_tls.wrap_socket, theirs, server_side=True)
            wire.upgrade(trusting, hostname="localhost", deadline=time.monotonic() + 5.0)
            theirs = accepted.result()

    gone_out, piece = 0, b"x" * 1_000_000
    with pytest.raises(WireError) as broken:
        while True:
            wire.send(piece, deadline=time.monotonic() + 0.3)
            gone_out += len(piece)
    wire.hang_up()

    with theirs:
        assert read_all(theirs) <= gone_out + broken.value.sent
