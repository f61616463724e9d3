import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from campaigns import tokens
from campaigns.models import Campaign, Recipient
from campaigns.tests.factories import LeadFactory, MessageFactory, RecipientFactory
from campaigns.tokens import Purpose
from leads.models import Lead, Suppression
from tracking.models import EmailEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def message():
    return MessageFactory(
        recipient__campaign__organization__name="Acme & Sons <Ltd>",
        recipient__campaign__active_leads_count=1,
        recipient__lead__email="Ana.Marin@example.com",
    )


@pytest.fixture
def path(message):
    return f"/t/{tokens.sign(Purpose.UNSUBSCRIBE, message.pk, message.recipient.lead_id)}/unsubscribe"


def state():
    """Everything an unsubscription changes."""
    return [
        list(Recipient.objects.order_by("pk").values_list("status", "exit_reason", "exited_at")),
        list(Campaign.objects.order_by("pk").values_list("opted_out_count", "active_leads_count")),
        list(Lead.objects.order_by("pk").values_list("status")),
        list(Suppression.objects.order_by("pk").values_list("address", "reason", "source")),
        list(EmailEvent.objects.order_by("pk").values_list("event_type", "source", "user_agent", "ip_address")),
    ]


def test_while_the_database_takes_no_changes_it_is_said_that_the_link_stays_good(client, path):
    before = state()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        pressed = client.post(path, {"List-Unsubscribe": "One-Click"})
        transaction.set_rollback(True)  # what could be written before can be again

    assert (pressed.status_code, pressed["Retry-After"], pressed["Cache-Control"]) == (503, "120", "no-store")
    assert "try again in a few minutes" in pressed.text
    assert state() == before


def test_the_page_says_who_writes_and_to_whom_without_giving_the_address_away(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert "Acme &amp; Sons &lt;Ltd&gt;" in response.text
    assert "A•••@example.com" in response.text
    assert "Ana.Marin" not in response.text
    assert "Ltd>" not in response.text


def test_the_page_needs_nothing_from_elsewhere(client, path):
    page = client.get(path).text

    assert re.findall(r"(?:src|href|action)\s*=\s*[\"']([^\"']*)", page) == ["data:,"]
    assert re.findall(r"url\(|@import|<script", page) == []


def test_the_page_may_load_run_and_frame_nothing(client, path):
    policy = client.get(path)["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_thousand_scanners_unsubscribe_nobody(client, path):
    before = state()

    for number in range(250):
        client.get(path, headers={"User-Agent": f"Scanner/{number}", "Sec-Purpose": "prefetch"})
        client.head(path)
        client.get(path.replace("/t/", "/api/v1/campaigns/track/"))
        client.head(path, headers={"Purpose": "prefetch"})

    assert state() == before
    assert EmailEvent.objects.count() == 0


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_change_nothing(client, path, method):
    before = state()

    response = getattr(client, method)(path)

    assert (response.status_code, state()) == (405, before)


def test_the_button_unsubscribes(client, path, message):
    response = client.post(path, headers={"User-Agent": "Firefox"}, REMOTE_ADDR="203.0.113.9")

    assert response.status_code == 200
    assert "You are unsubscribed" in response.text
    recipients, campaigns, leads, suppressions, events = state()
    assert [row[:2] for row in recipients] == [("unsubscribed", "unsubscribed")]
    assert campaigns == [(1, 0)]
    assert leads == [("unsubscribed",)]
    assert suppressions == [("ana.marin@example.com", "unsubscribed", f"campaign {message.recipient.campaign_id}")]
    assert events == [("unsubscribe", "track.unsubscribe", "Firefox", "203.0.113.9")]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"]
)
def test_one_click_works_without_cookie_csrf_token_or_known_encoding(path, content_type):
    bodies = {
        "application/x-www-form-urlencoded": "List-Unsubscribe=One-Click",
        "multipart/form-data; boundary=b": (
            '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
        ),
        "text/plain": "List-Unsubscribe=One-Click",
    }
    stranger = Client(enforce_csrf_checks=True)

    response = stranger.post(path, bodies[content_type], content_type=content_type)

    assert (response.status_code, dict(response.cookies)) == (200, {})
    assert Suppression.objects.get().address == "ana.marin@example.com"


def test_one_click_is_told_from_the_button(client, path):
    client.post(path, {"List-Unsubscribe": "One-Click"})

    assert EmailEvent.objects.get().source == "track.one_click"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"x" * 3_000_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % n for n in range(1100)), "application/x-www-form-urlencoded"),
        (b"no parts at all", "multipart/form-data; boundary=b"),
        (b"no boundary", "multipart/form-data"),
        (b"{", "application/json"),
    ],
)
def test_a_body_nobody_can_read_still_unsubscribes(client, path, body, content_type):
    response = client.post(path, body, content_type=content_type)

    assert (response.status_code, Suppression.objects.count()) == (200, 1)


def test_a_second_time_changes_nothing_and_answers_the_same(client, path):
    first = client.post(path)
    after_first = state()

    second = client.post(path, {"List-Unsubscribe": "One-Click"})

    assert (second.status_code, second.content, state()) == (200, first.content, after_first)


def test_whoever_is_out_already_is_told_so(client, path):
    client.post(path)

    page = client.get(path).text

    assert "You are unsubscribed" in page
    assert "<form" not in page


def test_the_person_leaves_every_campaign_of_that_organization_and_of_no_other(client, path, message):
    lead = message.recipient.lead
    here = RecipientFactory(campaign__organization=lead.organization, lead=lead)
    elsewhere = RecipientFactory(lead=LeadFactory(email="ana.marin@example.com"))

    client.post(path)

    here.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (here.status, elsewhere.status) == ("unsubscribed", "pending")


@pytest.mark.parametrize("status", ["completed", "stopped", "archived", "failed"])
def test_the_link_works_months_after_the_campaign_ended(client, message, path, status):
    Campaign.objects.update(status=status, completed_at=timezone.now() - timedelta(days=90))

    assert client.post(path).status_code == 200
    assert Suppression.objects.count() == 1


def test_the_link_works_while_the_campaign_is_being_deleted(client, path):
    Campaign.objects.update(deleting_at=timezone.now())

    assert client.post(path).status_code == 200
    assert Suppression.objects.count() == 1


def test_after_the_campaign_is_deleted_the_link_still_takes_the_person_out_of_every_other(client, message, path):
    other = RecipientFactory(lead=message.recipient.lead, campaign__organization=message.recipient.lead.organization)
    Campaign.objects.filter(pk=message.recipient.campaign_id).delete()

    asked, left, again = client.get(path), client.post(path), client.get(path)

    assert "A•••@example.com" in asked.text
    assert (left.status_code, again.status_code) == (200, 200)
    assert left.content == again.content
    assert list(Suppression.objects.values_list("address", "reason", "source")) == [
        ("ana.marin@example.com", "unsubscribed", "a mail that is gone")
    ]
    assert Recipient.objects.get(pk=other.pk).exit_reason == "unsubscribed"


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_when_campaign_and_person_are_deleted_a_page_says_that_nobody_knows_any_more(client, path, method):
    Campaign.objects.all().delete()
    Lead.objects.all().delete()

    response = getattr(client, method)(path)

    assert response.status_code == 404
    if method != "head":
        assert "We can no longer tell who you are" in response.text
    assert Suppression.objects.count() == 0


def test_only_a_token_for_unsubscribing_unsubscribes(client, message):
    good = tokens.sign(Purpose.UNSUBSCRIBE, message.pk)
    wrong = [tokens.sign(purpose, message.pk) for purpose in Purpose if purpose != Purpose.UNSUBSCRIBE]
    wrong += [f"{good[:at]}{'A' if good[at] != 'A' else 'B'}{good[at + 1 :]}" for at in range(len(good))]
    wrong += ["x", "x" * 5000, "%00"]

    answers = [client.post(f"/t/{token}/unsubscribe") for token in wrong]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert Suppression.objects.count() == 0
