"""Bodies that come without a length, or with too much of it."""

import io

import pytest

from campaigns_project.unmeasured import IN_MEMORY, BrokenOff, Measured


def asked(body: bytes, most: int = 2**30, **environ: str) -> tuple[str, bytes]:
    """The status, and what an application that reads as much as is announced gives back.

    As granian does, the status is taken before anything of the answer is.
    """
    statuses = list[str]()

    def echo(environ, start_response):
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]

    answer = Measured(echo, most=most)(
        {"wsgi.input": io.BytesIO(body), **environ}, lambda status, _: statuses.append(status)
    )
    status = statuses[0]
    said = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return status, said


def test_a_body_without_a_length_is_read_whole():
    large = b"x" * (IN_MEMORY + 5)

    assert asked(b"abc", HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", b"abc")
    assert asked(large, HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", large)
    assert asked(b"", HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", b"")


def test_a_body_with_a_length_is_left_alone():
    assert asked(b"abcdef", CONTENT_LENGTH="3") == ("200 OK", b"abc")


def test_a_form_without_a_length_is_taken_once_its_end_has_come():
    head = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_TYPE": 'multipart/form-data; boundary="a b"'}
    whole = b"--a b\r\n\r\n" + b"x" * 5000 + b"\r\n--a b--\r\n"

    assert asked(whole, **head) == ("200 OK", whole)
    with pytest.raises(BrokenOff):
        asked(whole[:-8], **head)


def test_one_that_goes_on_and_on_is_refused():
    status, said = asked(b"x" * 11, most=10, HTTP_TRANSFER_ENCODING="chunked")

    assert status.startswith("413 ")
    assert b"longer than the 10 bytes" in said
    assert asked(b"x" * 10, most=10, HTTP_TRANSFER_ENCODING="chunked") == ("200 OK", b"x" * 10)


def test_one_that_announces_more_than_is_taken_is_refused_before_it_is_read():
    status, said = asked(b"x" * 11, most=10, CONTENT_LENGTH="11")

    assert status.startswith("413 ")
    assert b"longer than the 10 bytes" in said
    assert asked(b"x" * 10, most=10, CONTENT_LENGTH="10") == ("200 OK", b"x" * 10)


def test_the_body_is_there_until_the_answer_is_closed_and_then_both_are_closed():
    bodies, closed = [], []

    class Later(list):
        def close(self):
            closed.append(not bodies[0].closed)

    def application(environ, start_response):
        bodies.append(environ["wsgi.input"])
        start_response("200 OK", [])
        return Later([b"answer"])

    answer = Measured(application)({"wsgi.input": io.BytesIO(b"abc"), "HTTP_TRANSFER_ENCODING": "chunked"}, print)
    read = (b"".join(answer), bodies[0].closed)
    answer.close()

    assert (read, closed, bodies[0].closed) == ((b"answer", False), [True], True)
