import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.content.errors import BodyRefused, HeaderRefused
from campaigns.content.mailbox import Mailbox, wire_address, wire_domain
from campaigns.content.message import build

DATE = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
USUAL_HEADERS = ["From", "To", "Subject", "Date", "Message-ID"]
LIST_HEADERS = ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"]
MIME_HEADERS = ["MIME-Version", "Content-Type"]
# What a person may have typed: anything but what no header can hold.
typed = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=150)
words = st.text(st.sampled_from(' aé=?_\\",;<>@()你👩‍🚀utf-8qb'), max_size=150)
bodies = st.text(st.characters(exclude_categories=("Cs",)), max_size=400)


def built(**changes):
    values = {
        "sender": Mailbox("ada@sender.example", "Ada Byron"),
        "recipient": Mailbox("bob@example.org", "Bob"),
        "subject": "Hello",
        "message_id": "<1.2.abc@sender.example>",
        "date": DATE,
        "html": "<p>Hi</p>",
        "text": "Hi",
    }
    return build(**{**values, **changes})


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def test_a_usual_mail_has_the_usual_headers_in_order_and_no_defect():
    mail = parsed(
        built(
            unsubscribe_url="https://t.example/u/abc",
            unsubscribe_mailto="mailto:out@t.example",
            list_id="campaign-1.sender.example",
        )
    )

    assert mail.keys() == [*USUAL_HEADERS, *LIST_HEADERS, *MIME_HEADERS]
    assert mail["List-Unsubscribe"] == "<https://t.example/u/abc>, <mailto:out@t.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "<campaign-1.sender.example>"
    assert mail["Date"].datetime == DATE
    assert mail["Message-ID"] == "<1.2.abc@sender.example>"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert [part.defects for part in mail.walk()] == [[], [], []]


def test_the_same_values_give_the_same_bytes():
    assert built() == built()


@given(typed | words)
def test_any_subject_is_read_back_as_it_was_typed(subject):
    assert parsed(built(subject=subject))["Subject"] == subject.strip()


@given(typed | words)
def test_any_name_is_read_back_as_it_was_typed(name):
    raw = built(sender=Mailbox("ada@sender.example", name), recipient=Mailbox("bob@example.org", name))

    expected = " ".join(name.split())
    assert shown(raw, "From") == (expected, "ada@sender.example")
    assert shown(raw, "To") == (expected, "bob@example.org")


def shown(raw, field):
    """Name and address of an address header. By the older reader: the newer one (3.13) puts a blank between two
    encoded words on two lines, which RFC 2047 6.2 forbids.
    """
    name, address = parseaddr(re.sub(r"\r?\n", "", email.message_from_bytes(raw)[field]))
    return str(make_header(decode_header(name))), address


@given(bodies, bodies)
def test_any_bodies_are_read_back_but_for_their_line_ends(html, text):
    html, text = f"<p>{html}", f"Hi {text}"

    mail = parsed(built(html=html, text=text))

    assert lines(mail.get_body(("html",)).get_payload(decode=True).decode()) == lines(html)
    assert lines(mail.get_body(("plain",)).get_payload(decode=True).decode()) == lines(text)


def lines(text):
    return re.split("\r\n|\r|\n", text)


@given(typed | words, typed | words, bodies)
def test_every_mail_is_ascii_in_lines_smtp_can_carry(subject, name, text):
    raw = built(subject=subject, sender=Mailbox("ada@sender.example", name), text=f"Hi {text}")

    assert raw.isascii() and raw.endswith(b"\r\n") and b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(typed)
def test_encoded_words_keep_to_the_length_of_their_rfc(subject):
    head = built(subject=f"é{subject}").partition(b"\r\n\r\n")[0]

    found = re.findall(rb"=\?utf-8\?[qb]\?[^? ]*\?=", head)
    assert len(found) == head.count(b"=?utf-8?") > 0
    assert max(map(len, found)) <= 75
    assert max(len(line) for line in head.split(b"\r\n") if b"=?" in line) <= 76


@pytest.mark.parametrize("word", ["word ", "re: ", "a  b ", "grün "])
def test_a_long_subject_is_folded_between_words(word):
    raw = built(subject=word * 300)

    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")) <= 78
    assert parsed(raw)["Subject"] == (word * 300).strip()


@pytest.mark.parametrize("lookalike", ["=?utf-8?q?hi?=", "a =?utf-8?b?aGk=?= b", "=?", "?="])
def test_what_only_looks_encoded_is_read_back_as_it_was_typed(lookalike):
    raw = built(subject=lookalike, sender=Mailbox("ada@sender.example", lookalike))

    assert parsed(raw)["Subject"] == lookalike
    assert shown(raw, "From") == (lookalike, "ada@sender.example")


def test_a_long_unsubscribe_address_is_never_encoded_or_split():
    url = "https://t.example/" + "a" * 400

    raw = built(unsubscribe_url=url)

    assert f"List-Unsubscribe: <{url}>\r\n".encode() in raw


def test_a_follow_up_names_the_mails_it_follows():
    ids = [f"<{'r' * 70}{n}@sender.example>" for n in range(4)]

    raw = built(in_reply_to=ids[-1], references=ids)

    assert parsed(raw)["In-Reply-To"] == ids[-1]
    assert parsed(raw)["References"].split() == ids
    assert raw.count(b"=?") == 0


# Header injection.

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)]
FIELDS = {
    "Subject": lambda value: {"subject": value},
    "From": lambda value: {"sender": Mailbox("ada@sender.example", value)},
    "To": lambda value: {"recipient": Mailbox("bob@example.org", value)},
    "Reply-To": lambda value: {"reply_to": Mailbox("ada@sender.example", value)},
    "Message-ID": lambda value: {"message_id": f"<{value}@sender.example>"},
    "In-Reply-To": lambda value: {"in_reply_to": f"<{value}@sender.example>"},
    "References": lambda value: {"references": [f"<{value}@sender.example>"]},
    "List-Unsubscribe": lambda value: {"unsubscribe_url": f"https://t.example/{value}"},
    "List-Id": lambda value: {"list_id": value},
    "X-Custom": lambda value: {"headers": [("X-Custom", value)]},
}
ADDRESSES = {
    "From": lambda value: {"sender": Mailbox(value)},
    "To": lambda value: {"recipient": Mailbox(value)},
    "Reply-To": lambda value: {"reply_to": Mailbox(value)},
}


@pytest.mark.parametrize("field", FIELDS)
def test_no_control_character_gets_into_a_header(field):
    refused = []
    for control in CONTROLS:
        with pytest.raises(HeaderRefused) as refusal:
            built(**FIELDS[field](f"x{control}Bcc: victim@example.org"))
        refused.append(refusal.value.field)

    assert refused == [field] * len(CONTROLS)


@pytest.mark.parametrize("field", FIELDS)
def test_half_a_character_is_refused_and_named(field):
    with pytest.raises(HeaderRefused) as refusal:
        built(**FIELDS[field]("x\ud83d"))

    assert refusal.value.field == field


@pytest.mark.parametrize("field", ADDRESSES)
@pytest.mark.parametrize("control", ["\r\n", "\n", "\0", "\t", " ", ",", ";", ">", "<", "(", '"', "\u2028", "\ud83d"])
def test_nothing_but_one_address_gets_into_an_address_header(field, control):
    with pytest.raises(HeaderRefused) as refusal:
        built(**ADDRESSES[field](f"ada@sender.example{control}eve@evil.example"))

    assert refusal.value.field == field


@given(st.sampled_from(sorted(FIELDS)), st.text(max_size=60) | st.text(st.sampled_from("\r\n :ab=?<>@,"), max_size=40))
def test_whatever_is_put_in_a_field_the_headers_are_the_expected_ones(field, value):
    changes = FIELDS[field](value)
    extra = {"Reply-To", "In-Reply-To", "References", "X-Custom", *LIST_HEADERS}
    try:
        mail = parsed(built(**changes))
    except HeaderRefused as refusal:
        assert refusal.field == field
    else:
        assert set(mail.keys()) - extra == {*USUAL_HEADERS, *MIME_HEADERS}
        assert len(mail.keys()) == len(set(mail.keys()))


OWN_HEADERS = [
    "Bcc",
    "bcc",
    "From",
    "Subject",
    "Content-Type",
    "content-transfer-encoding",
    "MIME-Version",
    "Resent-To",
]
BROKEN_NAMES = ["X Y", "X:Y", "X\r\nBcc", "", "Ünder", "X_Y", "-"]


@pytest.mark.parametrize("name", [*OWN_HEADERS, *BROKEN_NAMES])
def test_a_custom_header_cannot_replace_one_of_the_mails_own_or_break_out(name):
    with pytest.raises(HeaderRefused):
        built(headers=[(name, "x@example.org")])


def test_other_custom_headers_are_written():
    mail = parsed(built(headers=[("X-Campaign", "spring größe")]))

    assert mail["X-Campaign"] == "spring größe"


@pytest.mark.parametrize(
    "url", ["javascript:x", "/u", "https://t.example/a b", "https://t.example/<x>", "https://t.example/,"]
)
def test_only_a_web_address_can_be_the_way_out(url):
    with pytest.raises(HeaderRefused, match="List-Unsubscribe"):
        built(unsubscribe_url=url)


@pytest.mark.parametrize("message_id", ["", "1@x", "<1>", "<1@x", "<1@x> <2@x>", "<a b@x>", "<é@x>"])
def test_a_message_id_is_one_id_in_brackets(message_id):
    with pytest.raises(HeaderRefused, match="Message-ID"):
        built(message_id=message_id)


def test_a_subject_of_absurd_length_is_refused():
    with pytest.raises(HeaderRefused, match="Subject"):
        built(subject="x " * 2_000)


def test_a_date_without_a_time_zone_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="time zone"):
        built(date=datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None))


# Addresses.


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("bob@example.org", "bob@example.org"),
        ("bob@exämple.org", "bob@xn--exmple-cua.org"),
        ("bob@straße.example", "bob@xn--strae-oqa.example"),
        ("bob@例え.jp", "bob@xn--r8jz45g.jp"),
        ("jörg@exämple.org", "jörg@xn--exmple-cua.org"),
        ("o'neil+tag=x@example.org", "o'neil+tag=x@example.org"),
        ("bob@localhost", "bob@localhost"),
    ],
)
def test_a_domain_goes_out_in_ascii_and_the_name_before_it_as_it_is(address, wire):
    assert wire_address(address) == wire


NO_ADDRESSES = [
    *("", "bob", "@example.org", "bob@", "bob@ex ample.org", "bob@-x.example", "bob@x..example", "bob@x.example."),
    *(".bob@x.example", "bob.@x.example", "b..b@x.example", "a@b@c.example", "bob@[127.0.0.1]", "bob@\u2024.example"),
    *("a" * 65 + "@x.example", "b@" + "x" * 64 + ".example", "b@" + "x.example" * 40),
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_no_mail_can_be_sent_to_is_refused(address):
    with pytest.raises(HeaderRefused) as refusal:
        wire_address(address, field="To")

    assert (refusal.value.field, refusal.value.code) == ("To", "invalid_address")


def test_the_domain_of_an_address_is_ascii_in_lower_case():
    assert wire_domain("Bob@EXÄMPLE.org") == "xn--exmple-cua.org"


def test_an_address_outside_ascii_stands_raw_in_its_header_for_smtputf8():
    raw = built(recipient=Mailbox("jörg@exämple.org", "Jörg"))

    assert "<jörg@xn--exmple-cua.org>\r\n".encode() in raw


# Bodies.


def test_with_one_body_the_mail_has_one_part():
    plain, html = parsed(built(html="")), parsed(built(text=""))

    assert (plain.get_content_type(), plain.get_content()) == ("text/plain", "Hi\r\n")
    assert (html.get_content_type(), html.get_content()) == ("text/html", "<p>Hi</p>\r\n")


def test_without_any_body_there_is_no_mail():
    with pytest.raises(BodyRefused):
        built(html=" \n", text="")


@pytest.mark.parametrize("field", ["html", "text"])
def test_a_body_with_half_a_character_is_refused_and_named(field):
    with pytest.raises(BodyRefused) as refusal:
        built(**{field: "x\ud83d"})

    assert refusal.value.field == field


def test_lines_in_base64_end_in_crlf():
    raw = built(html="", text="你好\n" * 500)

    assert parsed(raw).get_payload(decode=True) == ("你好\r\n" * 500).encode()


def test_text_stays_readable_in_the_source_and_other_scripts_do_not_triple():
    latin, chinese = built(html="", text="Schöne Grüße aus München. " * 40), built(html="", text="你好" * 500)

    assert b"Content-Transfer-Encoding: quoted-printable" in latin
    assert b"Content-Transfer-Encoding: base64" in chinese
    assert len(chinese) < len(("你好" * 500).encode()) * 1.5
    assert parsed(chinese).get_content().strip() == "你好" * 500
