"""Whatever the bytes are: an answer, in bounded time, whose values the database takes."""

import random
import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.inbox.reading import MailKind, Reading, read_mail
from tracking.tests.inbox.reading.mails import letter, mail, page, report
from tracking.tests.inbox.reading.test_bounces import EXIM, QMAIL, SENDMAIL
from tracking.tests.inbox.reading.test_replies import ATTRIBUTIONS, PAGES

WHOLE = [
    report(),
    letter(QMAIL),
    letter(EXIM),
    letter(SENDMAIL),
    *(mail(f"Yes\n\n{text}") for text in ATTRIBUTIONS.values()),
    *map(page, PAGES.values()),
    mail('{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"ada@example.com"}]}}'),
]
SECONDS = 3  # of processor time: ten times what the worst of these takes, and far below what a slow rule would
LENGTH = 30_000  # of what is tried with each piece: squared it would take minutes
PIECES = [
    *("a", "<", ">", "@", "a@", "a@b.c ", "<a@b.c>\n", "> ", ">", "--\n", "\n", " ", '"', '"a"@', "=?utf-8?q?", "=?"),
    *(
        "On 1 Jan 2026 Ada wrote\n",
        "schrieb am 1 ",
        "hat 1 ",
        "1 a 2026 10:00 ",
        "ezt írta ",
        "From: x\n",
        "Received: x\n",
    ),
    *(
        "550 ",
        "5.1.1 ",
        "user ",
        "recipient x ",
        "doesn't have a ",
        "Status: 5.1.1\n",
        "Final-Recipient: rfc822; a@b.c\n\n",
    ),
    *("<!--", "<a ", "<style>", "<style", "<div class='x' ", "<blockquote type=cite>", "&#99999999999;", "&amp", "</"),
    *('{"a":', "[", "sent from ", "stop ", "please ", "message-id: <", "the following ", "mail to ", "_", "- ", "<<< "),
]


def fits(reading: Reading) -> bool:
    """Whether a reading keeps what the interface promises of it."""
    texts = [reading.sender, reading.subject, reading.text, reading.diagnostic, reading.why, *reading.addresses]
    return (
        isinstance(reading.kind, MailKind)
        and (reading.bounce is not None) == (reading.kind is MailKind.BOUNCE)
        and all("\x00" not in text and text.encode() is not None for text in texts)  # what Postgres does not take
        and len(reading.text) <= 20_000
        and len(reading.diagnostic) <= 500
        and len(reading.message_ids) <= 50
        and "\n" not in f"{reading.subject}{reading.diagnostic}"
        and (reading.sent_at is None or (isinstance(reading.sent_at, datetime) and reading.sent_at.tzinfo is not None))
        and bool(reading.why)
    )


@given(st.binary(max_size=3_000))
def test_any_bytes_are_read(raw):
    assert fits(read_mail(raw))


@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False), st.integers(1, 12))
def test_any_damaged_mail_is_read(raw, chance: random.Random, times):
    data = bytearray(raw)
    for _ in range(times):
        begin, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        end = min(end, begin + 200)
        change = chance.randrange(4)
        if change == 0:
            del data[begin:end]
        elif change == 1:
            data[begin:begin] = data[begin:end]
        elif change == 2:
            data[begin:begin] = chance.randbytes(5)
        else:
            other = chance.choice(WHOLE)
            data[begin:end] = other[begin:end]

    assert fits(read_mail(bytes(data)))


@given(st.text(max_size=300))
def test_any_text_of_an_answer_is_read(text):
    assert fits(read_mail(mail(text)))
    assert fits(read_mail(page(text)))


def long(piece, *, width=0):
    """A long text of the same, on lines of that width where one is given."""
    text = piece * (LENGTH // len(piece.encode()))
    return "\n".join(text[at : at + width] for at in range(0, len(text), width)) if width else text


@pytest.mark.parametrize("make", [mail, page, letter], ids=["text", "page", "letter"])
@pytest.mark.parametrize("width", [0, 300])
def test_no_text_takes_long(make, width):
    began = time.process_time()
    for piece in PIECES:
        assert fits(read_mail(make(long(piece, width=width))))

    assert time.process_time() - began < SECONDS * 2


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(20_000)),
        b"Content-Type: message/rfc822\n\n" * 30_000,
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n" * 190_000,
        b"X-A: b\n" * 140_000,
        b"Subject: " + b"=?utf-8?q?=41?= " * 60_000,
        b"References: " + b"<a@b> " * 160_000,
        b"To: " + b"b-1-aaaaaaaaaaaaaaaaaaaaaaaaaa@x.y, " * 25_000,
        b"Subject: x\nContent-Type: text/plain; charset=punycode\n\n" + b"a-\xe9" * 300_000,
        b"Subject: x\nContent-Transfer-Encoding: base64\n\n" + b"> " * 490_000,
        b"From: MAILER-DAEMON@x.y\nSubject: failure notice\n\n" + b"<a@b.c>: 550 5.1.1 unknown\n" * 36_000,
    ],
    ids=[
        "nested",
        "mails in mails",
        "parts",
        "headers",
        "words",
        "references",
        "tokens",
        "charset",
        "base64",
        "letter",
    ],
)
def test_no_shape_takes_long(raw):
    began = time.process_time()
    reading = read_mail(raw)

    assert fits(reading)
    assert time.process_time() - began < SECONDS
