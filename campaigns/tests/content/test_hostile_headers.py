"""Whatever stands in names, subjects and threads, a mail has the headers it should have and no others."""

import email
import email.policy
import re
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Design, Encoded, Particulars
from campaigns.content.skeleton import Slotted, producer_for
from campaigns.content.templating import compile as compiled
from campaigns.content.threads import references_of, reply_subject
from campaigns_project.errors import Refused

DATE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
OUT = "https://t.example/t/abc/unsubscribe"
NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
]  # fmt: skip
EVIL = [
    "\r\nBcc: eve@evil.example", "\nBcc: x", "\rBcc: x", "\0", "\x0b\x0c\x1c\x1d\x1e\x85", "\u2028X: y\u2029", "\ud83d",
    "\u202eevil\u2066", "x" * 998, "é" * 998, "=?utf-8?q?=0ABcc:_x?=", "\"><b>", "\\\"", ",;:<>@[]()", "名前 ㅤ", " ",
    "\t", "\ufeff", "a\u00adb", "=?utf-8?b?DQpCY2M6IHg=?=",
]  # fmt: skip
hostile = st.lists(st.sampled_from(EVIL) | st.text(max_size=8), max_size=4).map("".join)
ids = st.lists(st.integers(0, 10**9), min_size=1, max_size=60).map(
    lambda numbers: [f"<{number:x}.1.{'a' * 26}@sender.example>" for number in numbers]
)


def design(name):
    return Design(
        sender=Mailbox("ada@sender.example", name),
        reply_to=Mailbox("r@sender.example", name),
        subject=compiled("{{ thread_subject }}"),
        html=compiled("<p>Hello {{ first_name | default: 'you' }}</p>", html=True),
        text=compiled("Hello {{ first_name | default: 'you' }}"),
    )


def mail(name, subject, thread):
    values = {"thread_subject": reply_subject(subject), "first_name": name, "unsubscribe_url": OUT}
    return Particulars(
        Mailbox("bob@example.org", name),
        values,
        message_id="<1.2.abc@sender.example>",
        date=DATE,
        unsubscribe_url=OUT,
        in_reply_to=thread[-1],
        references=references_of(thread),
    )


def made(make, *parts):
    try:
        return make(*parts)
    except Refused:
        return None


@settings(deadline=None)
@given(sender=hostile, name=hostile, subject=hostile, thread=ids)
@example(sender="", name="", subject="x" * 1_997, thread=["<1@x.example>"])
@example(sender="a", name="b", subject="é" * 2_000, thread=[f"<{number}@x.example>" for number in range(60)])
def test_the_set_of_headers_is_always_the_same_and_both_producers_agree(sender, name, subject, thread):
    fast = made(producer_for, design(sender))
    one = mail(name, subject, thread)
    mails = [fast and made(fast.produce, one), made(Encoded(design(sender)).produce, one)]

    assert fast is None or type(fast) is Slotted
    assert (mails[0] is None) == (mails[1] is None)
    decoded = [_decoded(one.data) for one in mails if one is not None]
    assert decoded in ([], [decoded[0]] * 2 if decoded else [])
    for headers in decoded:
        assert list(headers) == [name for name in NAMES if name in headers] and len(headers) == len(NAMES)
        assert headers["References"].split() == list(references_of(thread))
        assert headers["Subject"] == " ".join(reply_subject(subject).split())


def _decoded(raw):
    """The headers by name, but for the boundary; the raw bytes hold no line that could be taken for another."""
    head = raw.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    assert head.isascii() and not re.search(rb"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n", head)
    assert max(map(len, lines)) <= 998 and all(line.strip() for line in lines)
    assert [line.split(b":")[0].decode() for line in lines if line[:1] not in b" \t"] == NAMES
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert len(parsed.items()) == len(NAMES)
    return {key: re.sub("boundary=.*", "", value) for key, value in parsed.items()}
