"""A mail from bodies prepared beforehand is the mail that is made by itself."""

import email
import email.policy
import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Particulars
from campaigns.merge_values import lead_values, mail_values
from campaigns.models import Campaign, Link, Sender, Step, Variant
from campaigns.sending import single
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.links import Addresses, unsubscribe_url
from campaigns.sending.mailing import MOST_SHAPES, mailing_of
from campaigns.sending.prepare import prepare
from campaigns.sending.wording import THREAD_SUBJECT, wording_of
from campaigns.sending.work import able_senders
from campaigns.tests.factories import VariantFactory
from campaigns.tests.sending.sending import started_campaign
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from campaigns_project.runtime.demo.content import FOLLOW_UP, INTRODUCTION
from campaigns_project.runtime.demo.content import wording as demo_wording
from leads.models import Lead

MESSAGE = 4_711
DATE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PAGE = (
    "<html><head><style>p {color: red}</style></head><body><h1>Hello {{ first_name }}!</h1>"
    "<p>How is {{ company | default: 'your team' }}?  Fine &amp; well?</p>"
    '<p>Grüße, <a href="https://x.example/a?b=1&amp;c=2">us</a> and <a href=" https://x.example/b\n">them</a>, or '
    "<a href='https://x.example/a?b=1&c=2'>us again</a></p><!-- <a href='https://no.example'> --></body></html>"
)
OWN_FOOTER = '<p>Hi {{ first_name }}</p><p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Leave</a></p>'
LOGIC = (
    "<body>{% if company contains 'Acme' %}<p>See <a href='https://x.example/a'>this</a></p>{% else %}<p>or "
    "<a href='https://x.example/b'>that</a>, {{ company }}</p>{% endif %}"
    "{% unless phone %}No phone{% endunless %}</body>"
)
TEXT = "Hello {{ first_name }},\r\n\r\nhow is {{ company | default: '...' }}?\n\n{{ sender_name }}\n"


def variant(subject="Hi {{ first_name | default: 'there' }}", html=PAGE, text="", preheader=""):
    return Variant(step=Step(position=1), subject=subject, preheader=preheader, body_html=html, body_text=text)


def mailed(written: Variant, *, clicks=True, opens=True, address="1 Quay <Street>, 110 00 Prague", **lead):
    """The mail from prepared bodies (None where there are none for it), and the same made by itself."""
    campaign = Campaign(
        organization=Organization(name="Port", postal_address=address), track_clicks=clicks, track_opens=opens
    )
    sender = Sender(email="ada@sender.example", name="Ada", reply_to="answers@sender.example")
    person = Lead(**{"email": "bob@example.org", "first_name": "Bob", "city": "Brno", **lead})
    way_out = unsubscribe_url(MESSAGE)
    values = {**lead_values(person), **mail_values(sender, campaign.organization, way_out)}
    to = Mailbox(person.email, person.full_name)
    mail = Particulars(to, values, message_id="<1.2.abc@sender.example>", date=DATE, unsubscribe_url=way_out)
    if written.step.is_reply:
        values[THREAD_SUBJECT] = "Re: Grüße & more"
        mail = mail._replace(in_reply_to="<1.1.d@x.example>", references=("<1.0.e@x.example>", "<1.1.d@x.example>"))
    wording = wording_of(written)
    mailing = mailing_of(wording, campaign=campaign, sender=sender)
    fitted = mailing and mailing.fitting(values)
    stored = {target: number for number, target in enumerate(fitted.targets)} if fitted else {}
    prepared = fitted and fitted.produce(mail, message=MESSAGE, targets=stored, addresses=Addresses())
    return prepared and decoded(prepared.data), _by_itself(wording, mail, campaign, sender, stored)


def _by_itself(wording, mail, campaign, sender, stored):
    try:
        bodies = wording.render(mail.values)
        if not stored:
            stored = {url: number for number, url in enumerate(single.targets(bodies, mail, campaign=campaign))}
        raw = single.built(
            bodies, mail, campaign=campaign, sender=sender, message=MESSAGE, stored=stored, addresses=Addresses()
        )
    except Refused as refused:
        return refused.code
    return decoded(raw)


def decoded(raw):
    """Headers but for the boundary, and each part's type and text."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    headers = [(name, re.sub("boundary=.*", "", value)) for name, value in mail.items()]
    parts = [part for part in mail.walk() if not part.is_multipart()]
    ignored = {"content-transfer-encoding"}
    return [header for header in headers if header[0].lower() not in ignored], [
        (part.get_content_type(), part.get_payload(decode=True).decode()) for part in parts
    ]


PREPARED = {
    "html alone": variant(),
    "html and text": variant(text=TEXT),
    "text alone": variant(html="", text=TEXT),
    "text that ends in a field": variant(html="", text="Hello\n{{ sender_name }}"),
    "fixed preheader": variant(preheader=' Four "minutes" & <more> '),
    "preheader with a field": variant(preheader="For {{ company }} & 'co'"),
    "preheader with logic": variant(preheader="{% if company %}For {{ company }}{% else %}For you{% endif %}"),
    "subject with logic": variant(subject="{% if company %}{{ company }}{% else %}You{% endif %}"),
    "a field in an attribute": variant(html="<p class='{{ city }}' title=\"{{ company }}\">Hi", text="x"),
    "own footer": variant(html=OWN_FOOTER),
    "own footer and text": variant(html=OWN_FOOTER, text="Hi {{ first_name }}, {{ postal_address }}"),
    "no body tag": variant(html="<p>Hello {{ first_name }} <a href=https://x.example>us</a>"),
    "a letter to the sender": variant(html="<p>{{ first_name }} <a href='mailto:{{ sender_email }}'>x", text="x"),
    "a filter": variant(html="<p>{{ company | upcase }} and {{ city | default: 'here' | append: '!' }}</p>"),
    "logic in the text": variant(text="{% if city == 'Brno' %}{{ company }} there{% endif %} {{ first_name }}"),
    "logic around links": variant(html=LOGIC),
    "logic in an attribute": variant(html="<p title='{% if city %}in {{ city }}{% endif %}'>Hi</p>", text="x"),
    "an assignment": variant(html="{% assign who = first_name | default: 'friend' %}<p>Dear {{ who }}, {{ who }}</p>"),
    "a loop": variant(html="<ul>{% for n in (1..3) %}<li>{{ n }} {{ city }}</li>{% endfor %}</ul>"),
    "a case": variant(html="<p>{% case city %}{% when 'Brno' %}<b>{{ company }}</b>{% else %}no{% endcase %} you</p>"),
    "demo, introduction": Variant(step=Step(position=1), **demo_wording(INTRODUCTION)),
    "a reply": Variant(step=Step(position=2), subject="not used", body_html=PAGE),
    "demo, follow-up": Variant(step=Step(position=2), **demo_wording(FOLLOW_UP)),
}


@pytest.mark.parametrize("company", ['Build & Söhne "O\'Neil"', "Acme", "x" * 600])
@pytest.mark.parametrize(("clicks", "opens"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("written", PREPARED.values(), ids=PREPARED)
def test_a_wording_of_plain_fields_is_prepared_and_reads_the_same(written, clicks, opens, company):
    prepared, single_mail = mailed(written, clicks=clicks, opens=opens, company=company)

    assert prepared == single_mail
    assert prepared[1]


@pytest.mark.parametrize(
    "written",
    [
        variant(html='<p><a href="{{ website }}">your page</a></p>', text="x"),
        variant(html='<p><a href="https://x.example/?to={{ email }}">page</a></p>', text="x"),
        variant(html='<p><a href="https://x.example/" {{ city }}>page</a></p>', text="x"),
        variant(html="<p class={{ city }}>page</p>", text="x"),
        variant(html="<p>Hello<!-- {{ company }}> --></p>", text="x"),
        variant(html="<p>Hello {{ city | default: '</body>' }}</p>", text="x"),
        variant(html="<p>{% capture who %}{{ company }}{% endcapture %}{{ who }}</p>", text="x"),
        variant(html="<p>{% if city %}<a href='https://x.example/{{ city }}'>us</a>{% endif %}</p>", text="x"),
        variant(html="<p>{{ open_url | default: 'x' }}</p>"),
    ],
)
def test_any_other_wording_is_made_mail_by_mail(written):
    prepared, single_mail = mailed(written, company="Acme", website="https://x.example")

    assert prepared is None
    assert single_mail[1]


@pytest.mark.parametrize(
    "values",
    [
        {"first_name": " "},
        {"first_name": "Ada  B"},
        {"first_name": "a/b"},
        {"first_name": "Ada\nB"},
    ],
)
def test_a_mail_whose_values_do_not_fit_is_made_by_itself(values):
    assert mailed(variant(), **values)[0] is None
    assert mailed(variant(), first_name="Ada")[0] is not None


def test_an_address_of_several_lines_stands_in_both_footers():
    prepared, single_mail = mailed(variant(), address=" 1 Quay & Street\n110 00 Prague\n")

    assert prepared == single_mail
    assert [re.search("1 Quay.*110 00", text, re.DOTALL)[0] for _, text in prepared[1]] == [
        "1 Quay & Street\r\n110 00",
        "1 Quay &amp; Street<br>110 00",
    ]


def test_an_address_that_reads_as_liquid_is_shown_as_it_stands():
    prepared, single_mail = mailed(variant(), address="{{ first_name }} Street")

    assert prepared is None
    assert "{{ first_name }} Street" in single_mail[1][0][1]


def test_another_sender_address_or_tracking_is_another_mail():
    written = variant()

    seen = [mailed(written, **change)[0] for change in ({}, {"clicks": False}, {"opens": False}, {"address": "here"})]

    assert len({str(one) for one in seen}) == 4


characters = st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\r\t=. <>&\"'/\u00a0")
value = st.sampled_from(["", " ", "Ada", "Ada Byron", "O'Neil & <Ltd>", ".", "--", " x ", "x" * 80]) | st.text(
    characters, max_size=20
)
words = st.text(st.sampled_from("ab .=\n&é-!?/{"), max_size=40)
hole = st.sampled_from(["first_name", "company", "city"]).flatmap(
    lambda name: st.sampled_from(
        [f"{{{{ {name} }}}}", f"{{{{{name} | default: 'some \"one'}}}}", f"{{{{{name}|default:''}}}}"]
    )
)
blocks = st.sampled_from(
    [
        *("{% if company %}", "{% if city == 'Ada' %}", "{% elsif first_name %}", "{% else %}", "{% endif %}"),
        *(
            "{% unless city %}",
            "{% endunless %}",
            "{% for n in (1..2) %}",
            "{% endfor %}",
            "{% assign city = company %}",
        ),
        *("{{ company | upcase }}", "{{ city | default: first_name | append: '<b>' }}", "{{ city | escape }}", "{"),
        *("{% cycle city, '}' %}", "{% echo company %}", "{{ n }}", "{%- comment -%}<{% endcomment %}", "{{- city -}}"),
        *("{% case city %}{% when 'x' %}", "{% endcase %}", "{{ city | newline_to_br }}", "{% assign n = 'x' %}"),
    ]
)
whole = st.sampled_from(
    [
        *("{% if company %}|{% else %}|{% endif %}", "{% for n in (1..2) %}|{{ n }}{% endfor %}"),
        *("{% assign city = company %}|{{ city | upcase }}|", "{% unless city %}|{% endunless %}|"),
        *("{% case city %}{% when 'Ada' %}|{% else %}|{% endcase %}", "{% if city == first_name %}|{% endif %}"),
    ]
)
markup = st.sampled_from(
    [
        *("<p>", "</p>", "<br>", "<body>", "</body>", "<ul><li>", "<table><tr><td>", "</table>", "<!-- ", "-->", "<"),
        *('<a href="https://x.example/a">', "<a href=http://x.example/b>", "</a>", '<a href="{{ city }}">', "<title>"),
        *('<p title="{{ city }}">', "<p title={{ company }}>", '<area href="mailto:{{ city }}">', "</title>", "\r\n"),
        *('<a href="{{ unsubscribe_url }}">out</a>', "{{ postal_address }}", "{{ sender_name }}", "&#123;{"),
    ]
)
texts = st.lists(words | hole, max_size=5).map("".join)
pages = st.lists(words | hole | markup, max_size=8).map("".join)


def nested(inner):
    """Texts with whole blocks of logic around others, so that most of them are templates."""
    fill = st.tuples(whole, st.lists(inner, min_size=3, max_size=3))
    return fill.map(lambda made: "".join(a + b for a, b in zip(made[0].split("|"), [*made[1], ""], strict=False)))


logical = st.recursive(
    st.lists(words | hole | markup | blocks, max_size=3).map("".join), nested, max_leaves=6
) | st.lists(st.recursive(words | hole | markup, nested, max_leaves=4), max_size=4).map("".join)


@settings(deadline=None)
@given(
    parts=st.tuples(pages, st.just("") | texts, st.just("") | texts),
    tracking=st.tuples(st.booleans(), st.booleans()),
    values=st.fixed_dictionaries(dict.fromkeys(["first_name", "company", "city"], value)),
)
@example(("<p>Hi {{ city|default:'' }} you</p>", "", ""), (True, True), {"first_name": "", "company": "", "city": ""})
@example(("", "Hi {{ city|default:'' }}", ""), (True, True), {"first_name": "", "company": "", "city": ""})
@example(("<p>Hi\r\n", "", ""), (True, True), {"first_name": "", "company": "", "city": ""})
def test_whatever_is_prepared_reads_as_if_made_by_itself(parts, tracking, values):
    html, text, preheader = parts
    try:
        wording_of(written := variant(html=html, text=text, preheader=preheader))
    except Refused:
        return
    prepared, single_mail = mailed(written, clicks=tracking[0], opens=tracking[1], **values)

    assert prepared in (None, single_mail)


@settings(deadline=None)
@given(
    parts=st.tuples(logical, st.just("") | logical, st.just("Hi") | logical),
    tracking=st.tuples(st.booleans(), st.booleans()),
    values=st.fixed_dictionaries(dict.fromkeys(["first_name", "company", "city"], value)),
)
@example(("{% if company %}{{% else %}{{% endif %}{ city }}", "", "Hi"), (True, True), {"city": "a", "company": "b"})
@example(("<p>{% cycle city %} {{ company }}", "", "Hi"), (True, True), {"city": "{{ company }}", "company": "b"})
@example(
    ("", "{% if company %}{% endif %}{{ city }}{{ city }}{{ city }}", "Hi"), (False, False), {"city": "\u0800" * 14}
)
def test_a_wording_with_logic_reads_as_if_made_by_itself(parts, tracking, values):
    html, text, subject = parts
    try:
        wording_of(written := variant(html=html, text=text, subject=subject.replace("\n", " ")))
    except Refused:
        return
    prepared, single_mail = mailed(written, clicks=tracking[0], opens=tracking[1], **values)

    assert prepared in (None, single_mail)


def test_a_wording_whose_values_make_a_text_of_its_own_for_everybody_is_not_prepared_without_end():
    written = variant(html="<p>{% cycle city %}{{ first_name }}</p>", text="x")

    made = [mailed(written, city=f"City {number}") for number in range(MOST_SHAPES + 2)]

    assert [prepared is None for prepared, _ in made] == [False] * MOST_SHAPES + [True] * 2
    assert all(prepared in (None, single_mail) for prepared, single_mail in made)


@pytest.mark.django_db
def test_a_chunk_mixes_both_ways_and_stores_each_target_once():
    now = timezone.now()
    campaign = started_campaign(people=4, now=now)
    link = '<p>Hi {{ first_name }}, <a href="https://x.example/a">here</a></p>'
    step = campaign.steps.get()
    step.variants.update(body_html=link, body_text="")
    VariantFactory(
        step=step,
        label="B",
        body_html=f"{{% if company %}}{{% capture by_itself %}}{{% endcapture %}}{link}{{% endif %}}",
        body_text="",
    )
    senders = able_senders(campaign, now=now)
    claims = claim(campaign=campaign, wordings=Wordings.of(campaign), senders=list(senders.values()), now=now, limit=10)
    both = [variant.pk for variant in step.variants.all()]
    mixed = [one._replace(variant=both[number % 2]) for number, one in enumerate(claims)]

    batch = prepare(campaign, mixed, wordings=Wordings.of(campaign), senders=senders, now=now)

    assert {one.claim for one in batch.prepared} == set(mixed)
    assert list(Link.objects.values_list("url", flat=True)) == ["https://x.example/a"]
    parts = [dict(decoded(one.envelope.data)[1]) for one in batch.prepared]
    assert all("/click" in part["text/html"] and "https://x.example/a)" in part["text/plain"] for part in parts)
    assert all(
        one.candidate.merge_values.keys() <= {"first_name", "company", "postal_address"} for one in batch.prepared
    )
