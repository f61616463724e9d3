"""Both producers make the same mail, for any wording and any values."""

import email
import email.policy
import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.content.errors import BodyRefused, HeaderRefused, MergeValueMissing, ValueUntame
from campaigns.content.mailbox import Mailbox
from campaigns.content.plain_fields import Field
from campaigns.content.production import Design, Encoded, Particulars
from campaigns.content.skeleton import Slotted, producer_for
from campaigns.content.templating import compile as compiled
from campaigns.delivery.base import WireForm
from campaigns.delivery.transaction import on_the_wire
from campaigns_project.errors import Refused

DATE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
OUT = "https://t.example/t/abc/unsubscribe"
FIELDS = ["first_name", "company", "custom.note"]
HTML = (
    "<html><head><style>p {color: red}</style></head><body><div style='display:none'>{{ first_name }}, a word</div>"
    "<h1>Hello {{ first_name | default: 'all of you' }}!</h1><p>How is {{company}}<br>doing?  Fine &amp; well?</p>"
    "<ul><li>{{ custom.note | default: '' }}x<li>two</ul><table><tr><td>a<td>b<tr><td>{{ company }}</table>"
    '<p>Grüße = <a href="https://x.example/a?b=1">us</a> <a href="{{ unsubscribe_url }}">Leave</a></p></body></html>'
)
TEXT = "Hello {{ first_name }},\r\n\r\n{{ company | default: '...' }}\n.\n{{ custom.note }}{{ company }}\nGrüße, = \n"


def design(*, subject="Hi {{ first_name | default: 'there' }}", html=HTML, text=TEXT, **changes):
    bodies = {"html": html and compiled(html, html=True), "text": text and compiled(text)}
    sender = Mailbox("ada@sender.example", "Ada")
    return Design(sender=sender, subject=compiled(subject), **{k: v or None for k, v in bodies.items()}, **changes)


def particulars(**values):
    changes = {"unsubscribe_url": OUT, **values}
    to = Mailbox("bob@example.org", "Bob Ünder")
    return Particulars(to, changes, message_id="<1.2.abc@sender.example>", date=DATE, unsubscribe_url=OUT)


def decoded(raw):
    """Headers but for the boundary, and each part's type and text."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert [part.defects for part in mail.walk()] == [[] for _ in mail.walk()]
    headers = [(name, re.sub("boundary=.*", "", value)) for name, value in mail.items()]
    parts = [part for part in mail.walk() if not part.is_multipart()]
    return headers[: -1 if len(parts) == 1 else None], [
        (part.get_content_type(), part.get_payload(decode=True).decode()) for part in parts
    ]


def outcome(producer, mail):
    try:
        made = producer.produce(mail)
    except Refused as refused:
        return type(refused), str(refused)
    return decoded(made.data), made.subject


characters = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\r\t=. <>&\"'/\u00a0\ud83d")
value = st.one_of(
    st.sampled_from(["", " ", "Ada", "Ada Byron", "O'Neil & Söhne <Ltd>", ".", "..", "a.b", "=", "x" * 80, "é" * 80]),
    st.text(characters, max_size=30),
    st.text(st.sampled_from("ab =.\n"), max_size=120),
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=100),
)
values = st.fixed_dictionaries(dict.fromkeys(FIELDS, value))
words = st.text(st.sampled_from("ab .=\n<>&é-!?/"), max_size=90)
hole = st.sampled_from(FIELDS).flatmap(
    lambda name: st.sampled_from([f"{{{{ {name} }}}}", f"{{{{{name} | default: 'some <one>'}}}}"])
)
templates = st.lists(words | hole, min_size=1, max_size=8).map("".join)


@settings(deadline=None)
@given(values)
@example({"first_name": "Ada  B", "company": "a\u00a0b", "custom.note": " x "})
@pytest.mark.parametrize("text", [TEXT, ""])
def test_slots_hold_what_rendering_would_show(text, given_values):
    wording = design(text=text)
    fast = producer_for(wording)

    assert type(fast) is Slotted
    assert outcome(fast, particulars(**given_values)) == outcome(Encoded(wording), particulars(**given_values))


@settings(deadline=None)
@given(subject=templates, html=templates, text=st.just("") | templates, given_values=values)
def test_any_wording_is_the_same_mail_either_way(subject, html, text, given_values):
    wording = design(subject=subject.replace("\n", " "), html=f"<p>{html}</p>", text=text)

    assert outcome(producer_for(wording), particulars(**given_values)) == outcome(
        Encoded(wording), particulars(**given_values)
    )


@settings(deadline=None)
@given(html=templates, text=st.just("") | templates, given_values=values)
@example(html="{{ company }}", text="x", given_values={"first_name": "Ada", "company": "a\n.b", "custom.note": "n"})
@example(html="a\n.b{{ company }}", text="", given_values={"first_name": "Ada", "company": "A", "custom.note": "n"})
def test_what_is_called_ready_for_the_wire_is(html, text, given_values):
    wording = design(html=f"<p>{html}</p>", text=text)
    try:
        raw = producer_for(wording).produce(particulars(**given_values)).data
    except Refused:
        return

    assert not isinstance(raw, WireForm) or on_the_wire(bytes(raw)) == raw


def test_a_usual_mail_is_ready_for_the_wire():
    mail = particulars(first_name="Ada", company="Söhne & Co", **{"custom.note": "..."})

    assert isinstance(producer_for(design()).produce(mail).data, WireForm)


@pytest.mark.parametrize("dots", [1, 2, 74, 75, 76, 77, 78, 200])
def test_dots_at_the_beginning_of_a_line_survive_the_wire(dots):
    wording = design(html="x {{ company }}", text=f"-\n{'.' * dots}\n.a{'b' * dots}\n.")
    mail = particulars(first_name="Ada", company="Acme")

    raw = producer_for(wording).produce(mail).data

    assert type(raw) is WireForm and on_the_wire(bytes(raw)) == raw
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 78
    assert decoded(raw) == outcome(Encoded(wording), mail)[0]


@pytest.mark.parametrize("end", ['="', "=", "=a", "é", 'é"', "éab", "ab"])
@pytest.mark.parametrize("length", range(60, 80))
def test_a_slot_may_come_anywhere_in_a_line(length, end):
    wording = design(html="x" * length + end + "{{ company }}", text="-")
    mail = particulars(first_name="Ada", company="Acme")

    assert type(producer_for(wording)) is Slotted
    assert outcome(producer_for(wording), mail) == outcome(Encoded(wording), mail)


@settings(deadline=None)
@given(values)
def test_no_line_is_too_long_and_none_begins_with_a_dot(given_values):
    given_values = {name: given.strip() or "x" for name, given in given_values.items()}
    try:
        raw = producer_for(design()).produce(particulars(**given_values)).data
    except (HeaderRefused, BodyRefused):
        return

    body = raw.partition(b"\r\n\r\n")[2]
    assert raw.isascii() and not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(map(len, body.split(b"\r\n"))) <= 78  # the delimiters' headers; quoted-printable keeps to 76
    assert max(len(line) for line in body.split(b"\r\n") if line.endswith(b"=")) <= 76


@pytest.mark.parametrize(
    "html",
    [
        "<p>{% if company %}At {{ company }}{% endif %}</p>",
        "<p>{{ company | upcase }}</p>",
        "<p>{{- company }}</p>",
        "<p>{% comment %}no{% endcomment %}{{ company }}</p>",
    ],
)
def test_a_wording_with_logic_is_encoded_mail_by_mail(html):
    wording = design(html=html)

    producer = producer_for(wording)

    assert type(producer) is Encoded
    assert b"SHOWN" in producer.produce(particulars(first_name="Ada", company="SHOWN", **{"custom.note": "x"})).data


@pytest.mark.parametrize(
    "html",
    [
        '<p style="{{ company }}">words</p>',
        '<p>See <a href="https://x.example">{{ company }}</a></p>',
        '<p>See <a href="{{ website }}">us</a></p>',
        '<p>Hi</p><img alt="{{ company }}" src="https://x.example/i">',
        "<table><tr><td align=right>{{ company }}</td></tr><tr><td align=right>x</td></tr></table>",
        "<p>Hi</p><!-- {{ company }} -->",
        "<style>{{ company }}</style><p>Hi</p>",
    ],
)
@pytest.mark.parametrize("company", ["display:none", "x.example", "A company of some length"])
def test_where_the_text_part_depends_on_a_value_it_is_generated_for_each_mail(html, company):
    wording = design(html=html, text="")
    mail = particulars(first_name="Ada", company=company, website="https://x.example/a")

    assert type(producer_for(wording)) is Encoded
    assert outcome(producer_for(wording), mail) == outcome(Encoded(wording), mail)


def test_a_body_that_would_triple_in_quoted_printable_is_not_given_slots():
    wording = design(html="<p>{{ company }}" + "你好" * 500, text="Hi {{ company }}")

    assert type(producer_for(wording)) is Encoded


def test_a_missing_value_is_named_and_stops_only_its_own_mail():
    producer = producer_for(design())

    with pytest.raises(MergeValueMissing) as refused:
        producer.produce(particulars(first_name="Ada", company=" "))

    assert refused.value.field == "company"
    assert producer.produce(particulars(first_name="Ada", company="x", **{"custom.note": "y"}))


@pytest.mark.parametrize("subject", ["Hi", "Hi {% if company %}you{% endif %}"])
def test_a_text_made_for_all_mails_is_not_filled_with_a_value_that_may_change_it(subject):
    wording = design(subject=subject, text="At {{ company }}", tame=frozenset({Field("company")}))
    producer = producer_for(wording)

    with pytest.raises(ValueUntame):
        producer.produce(particulars(first_name="Ada", company="x.example/a", **{"custom.note": "x"}))

    assert producer.produce(particulars(first_name="Ada", company="Acme", **{"custom.note": "x"})).subject.startswith(
        "Hi"
    )


@pytest.mark.parametrize("html", [HTML, "<p>{% if company %}{{ company }}{% endif %}</p>"])
def test_headers_are_the_designs_and_the_mails_own(html):
    wording = design(
        html=html, reply_to=Mailbox("r@sender.example"), list_id="c1.sender.example", headers=(("X-Campaign", "one"),)
    )
    mail = Particulars(
        Mailbox("bob@example.org"),
        {"first_name": "Ada", "company": "x", "custom.note": "y", "unsubscribe_url": OUT},
        message_id="<1.2.abc@sender.example>",
        date=DATE,
        unsubscribe_url=OUT,
        unsubscribe_mailto="mailto:out@t.example",
        in_reply_to="<0@sender.example>",
        references=("<0@sender.example>",),
    )

    headers, _ = decoded(producer_for(wording).produce(mail).data)

    assert headers == decoded(Encoded(wording).produce(mail).data)[0]
    assert dict(headers)["X-Campaign"] == "one"
    assert dict(headers)["References"] == "<0@sender.example>"


def test_a_header_that_build_owns_is_refused_for_the_whole_design():
    with pytest.raises(HeaderRefused):
        producer_for(design(headers=(("Bcc", "eve@evil.example"),)))
