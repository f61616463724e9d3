"""What is known of bytes that were handed to the kernel when a line breaks, and of answers that come in pieces."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from campaigns.delivery.wire import READ_AT_ONCE, Wire, WireError


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


def seconds_until_given_up(wire, *, after):
    """How long an answer that never comes is waited for, where it is to be so many seconds."""
    started = time.monotonic()
    with pytest.raises(WireError, match="timeout"):
        wire.read_reply(deadline=started + after)
    return time.monotonic() - started


@pytest.fixture(params=[False, True], ids=["in the clear", "under TLS"])
def either(request, ends, server_tls, trusting):
    """The same, in the clear and under TLS."""
    wire, theirs = ends
    if request.param:
        with ThreadPoolExecutor(1) as pool:
            accepted = pool.submit(server_tls.wrap_socket, theirs, server_side=True)
            wire.upgrade(trusting, hostname="localhost", deadline=time.monotonic() + 5.0)
            theirs = accepted.result()
    with theirs:
        yield wire, theirs


def test_no_byte_arrives_that_was_not_said_to_have_gone_out(either):
    wire, theirs = either

    gone_out, piece = 0, b"x" * 1_000_000
    with pytest.raises(WireError) as broken:
        while True:
            wire.send(piece, deadline=time.monotonic() + 0.3)
            gone_out += len(piece)
    wire.hang_up()

    assert read_all(theirs) <= gone_out + broken.value.sent


def test_a_long_answer_is_read_whole(either):
    wire, theirs = either

    theirs.sendall(b"250-" + b"x" * 3 * READ_AT_ONCE + b"\r\n250 ok\r\n354 go on\r\n")
    replies = [wire.read_reply(deadline=time.monotonic() + 5.0) for _ in range(2)]

    assert [(reply.code, reply.lines) for reply in replies] == [
        (250, ("x" * 3 * READ_AT_ONCE, "ok")),
        (354, ("go on",)),
    ]
    assert not wire.has_input()


# Under TLS the other end has spoken all the same: it hands out its session tickets.
def test_who_says_nothing_is_left_by_the_wall_clock(either):
    wire, _ = either

    assert 0.3 <= seconds_until_given_up(wire, after=0.3) < 2.0


# The line is watched in another way once it has answered at once several times.
def test_who_answered_at_once_so_far_and_falls_silent_is_left_by_the_wall_clock(either):
    wire, theirs = either
    for number in range(250, 260):
        theirs.sendall(b"%d ok\r\n" % number)
        assert wire.read_reply(deadline=time.monotonic() + 5.0).code == number

    assert 0.3 <= seconds_until_given_up(wire, after=0.3) < 2.0


def test_an_answer_that_takes_its_time_is_read_after_those_that_came_at_once(either):
    wire, theirs = either
    for _ in range(10):
        theirs.sendall(b"250 ok\r\n")
        wire.read_reply(deadline=time.monotonic() + 5.0)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wire.read_reply, deadline=time.monotonic() + 5.0)
        time.sleep(0.1)
        theirs.sendall(b"354 go on\r\n")

        assert waiting.result(timeout=2.0).code == 354


def test_who_hangs_up_from_another_thread_ends_the_waiting(either):
    wire, _ = either

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wire.read_reply, deadline=time.monotonic() + 5.0)
        time.sleep(0.1)
        wire.hang_up()

        with pytest.raises(WireError, match="dropped"):
            waiting.result(timeout=2.0)
