import pytest
from django.utils import timezone

from campaigns import tokens
from campaigns.tests.factories import CampaignFactory, LinkFactory, MessageFactory
from campaigns.tokens import Purpose
from tracking.models import RawEvent

pytestmark = pytest.mark.django_db

EVIL = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\evil.example",
    "https://evil.example",
    "http://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https:///evil.example",
    "https://acme.example@evil.example",
    "https://acme.example.evil.example",
    "https://evil.example#acme.example",
    "https://evil.example?acme.example",
    "https://evil.example\\@acme.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java%0ascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://evil.example",
    "mailto:someone@evil.example",
    "%2f%2fevil.example",
    "%5cevil.example",
    "%68ttps://evil.example",
    "%0d%0aLocation:%20https://evil.example",
    "\r\nLocation: https://evil.example",
    "https://acme.example%0d%0aSet-Cookie:%20a=b",
    "https://acme.example\r\nSet-Cookie: a=b",
    " https://evil.example",
    "\x00https://evil.example",
    "\thttps://evil.example",
    "https://evil。example",
    "https://[::1]/",
    "https://2130706433/",
    ".evil.example",
    "@evil.example",
    "?https://evil.example",
]


def click_path(message, link):
    return f"/t/{tokens.sign(Purpose.CLICK, message.pk, link.pk)}/click"


@pytest.fixture
def message():
    return MessageFactory()


@pytest.fixture
def link(message):
    return LinkFactory(campaign=message.recipient.campaign, url="https://acme.example/demo?a=1&b=%C5%BE#top")


def test_a_click_leads_to_the_stored_address_and_is_noted(client, message, link):
    response = client.get(click_path(message, link), headers={"User-Agent": "Firefox"})

    assert (response.status_code, response["Location"]) == (302, "https://acme.example/demo?a=1&b=%C5%BE#top")
    noted = RawEvent.objects.values("event_type", "message_ref", "link_ref", "user_agent", "source").get()
    assert noted == {
        "event_type": "click",
        "message_ref": message.pk,
        "link_ref": link.pk,
        "user_agent": "Firefox",
        "source": "track.click",
    }


def test_the_answer_is_kept_by_nobody_and_tells_nobody_where_it_came_from(client, message, link):
    response = client.get(click_path(message, link))

    assert (response["Cache-Control"], response["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (dict(response.cookies), response.has_header("Vary")) == ({}, False)


def test_a_click_costs_one_look_and_one_insert(client, message, link, django_assert_num_queries):
    path = click_path(message, link)

    with django_assert_num_queries(2):
        client.get(path)


def test_head_leads_on_and_notes_nothing(client, message, link):
    response = client.head(click_path(message, link))

    assert (response.status_code, response["Location"], RawEvent.objects.count()) == (302, link.url, 0)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_other_methods_are_refused(client, message, link, method):
    assert getattr(client, method)(click_path(message, link)).status_code == 405


@pytest.mark.parametrize("payload", EVIL)
def test_nothing_in_the_request_decides_where_a_click_leads(client, message, link, payload):
    path = click_path(message, link)
    asked = dict.fromkeys(("url", "next", "u", "link", "redirect", "to"), payload)

    response = client.get(path, asked, headers={"Referer": "https://evil.example", "X-Original-URL": "//e"})

    assert (response.status_code, response["Location"]) == (302, link.url)


@pytest.mark.parametrize("payload", EVIL)
def test_a_payload_in_the_place_of_the_token_leads_nowhere(client, payload):
    response = client.get(f"/t/{payload.replace('?', '%3F').replace('#', '%23')}/click")

    assert (response.status_code, response.has_header("Location")) == (404, False)


@pytest.mark.parametrize(
    "url", ["https://acme.example/\r\nSet-Cookie: a=b", "https://acme.example/\x85", "http://a\tb.example"]
)
def test_a_stored_address_that_would_break_the_header_leads_nowhere(client, message, url):
    link = LinkFactory(campaign=message.recipient.campaign, url=url)

    response = client.get(click_path(message, link))

    assert (response.status_code, response.has_header("Location")) == (404, False)


def test_a_non_ascii_address_is_encoded_for_the_header(client, message):
    link = LinkFactory(campaign=message.recipient.campaign, url="https://acme.example/káva?q=ž")

    response = client.get(click_path(message, link))

    assert response["Location"] == "https://acme.example/k%C3%A1va?q=%C5%BE"


def test_a_link_of_another_campaign_leads_nowhere(client, message):
    foreign = LinkFactory()

    response = client.get(click_path(message, foreign))

    assert (response.status_code, RawEvent.objects.count()) == (404, 0)


def test_a_campaign_being_deleted_leads_nowhere(client, message, link):
    path = click_path(message, link)
    type(message.recipient.campaign).objects.update(deleting_at=timezone.now())

    response = client.get(path)

    assert (response.status_code, response.has_header("Location"), RawEvent.objects.count()) == (404, False, 0)


def test_after_the_campaign_is_gone_a_page_says_so(client, message, link):
    path = click_path(message, link)
    type(message.recipient.campaign).objects.all().delete()

    response = client.get(path)

    assert response.status_code == 404
    assert "This link is no longer available" in response.text


def test_a_click_still_leads_on_after_the_campaign_ended(client):
    campaign = CampaignFactory(status="archived")
    message = MessageFactory(recipient__campaign=campaign)
    link = LinkFactory(campaign=campaign)

    assert client.get(click_path(message, link))["Location"] == link.url


def test_a_link_of_a_mail_that_went_with_a_lead_still_leads_on(client, message, link):
    token = tokens.sign(Purpose.CLICK, message.pk, link.pk)
    message.delete()

    answer = client.get(f"/t/{token}/click")

    assert (answer.status_code, answer["Location"]) == (302, link.url.replace("ž", "%C5%BE"))


def test_every_invalid_token_gets_the_same_page(client, message, link):
    good = tokens.sign(Purpose.CLICK, message.pk, link.pk)
    wrong = [f"{good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}" for at in range(len(good))]
    wrong += [tokens.sign(purpose, message.pk, link.pk) for purpose in Purpose if purpose != Purpose.CLICK]
    wrong += [
        tokens.sign(Purpose.CLICK, message.pk),
        tokens.sign(Purpose.CLICK, MessageFactory().pk, link.pk),
        "x",
        "x" * 5000,
    ]

    answers = [client.get(f"/t/{token}/click") for token in wrong]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert RawEvent.objects.count() == 0
