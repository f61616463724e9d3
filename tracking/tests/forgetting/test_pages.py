"""What people and programs see of it: the ages, until when a mail is kept, and that it is not any more."""

import re

import pytest
from django.urls import reverse

from campaigns.models import Message
from campaigns.tests.factories import MembershipFactory, VariantFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.rest.clients import key_client
from tracking.forgetting import forget_old
from tracking.tests.forgetting.making import DAY, NOW, event, incoming, keeps, mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    """A mail that left 100 days ago, was opened and answered; kept for 90 days."""
    message = mail(keeps(90), 100 * DAY)
    variant = VariantFactory(step=message.step, subject="Hello", body_text="Hello {{ first_name }}")
    Message.objects.filter(pk=message.pk).update(variant=variant)
    event(message, 99 * DAY)
    incoming(message, 98 * DAY)
    message.refresh_from_db()
    return message


def shown(message: Message, name: str, row: object) -> str:
    person = MembershipFactory(organization=message.recipient.campaign.organization, role=Role.VIEWER).user
    page = client_of(person).get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()  # type: ignore[attr-defined]
    return re.sub(r"\s+", " ", page)


def test_the_page_of_a_mail_says_until_when_it_is_kept_and_then_that_it_was_cleared(message):
    home = message.recipient.campaign.organization
    Organization.objects.filter(pk=home.pk).update(values_kept_days=101)
    young = shown(message, "campaigns_message", message)
    Organization.objects.filter(pk=home.pk).update(values_kept_days=90)
    due = shown(message, "campaigns_message", message)
    forget_old(now=NOW)
    after = shown(message, "campaigns_message", message)

    assert f"It can be read here until {NOW + DAY:%-d %b %Y}." in young
    assert "Its age is reached: it is cleared within the hour." in due
    assert f"The values of this mail were cleared on {NOW:%-d %b %Y} (kept for 100 days)." in after
    assert ">null<" not in after


def test_the_page_of_a_reply_says_that_its_words_were_cleared(message):
    reply = message.inbound_mails.get()
    before = shown(message, "tracking_inboundmail", reply)
    forget_old(now=NOW)
    after = shown(message, "tracking_inboundmail", reply)

    assert "Yes, please." in before
    assert "Yes, please." not in after
    assert f"Its words were cleared for their age on {NOW:%-d %b %Y}." in after


def test_the_api_tells_the_same(message):
    home = message.recipient.campaign.organization
    client = key_client(Role.VIEWER, home)
    address = f"/api/v1/campaigns/{message.recipient.campaign_id}/messages/{message.pk}"
    before = client.get(address).json()
    forget_old(now=NOW)
    after, content = client.get(address).json(), client.get(f"{address}/content")
    seen = client.get("/api/v1/events").json()["results"][0]
    came = client.get("/api/v1/inbound-mails").json()["results"][0]
    timeline = client.get(f"/api/v1/leads/{message.recipient.lead_id}/timeline")

    assert (before["values_kept_until"] is None, before["values_cleared_at"]) == (False, None)
    assert (after["values_kept_until"], after["values_cleared_at"] is None) == (None, False)
    assert (content.status_code, content.json()["code"]) == (404, "content_not_kept")
    assert (seen["ip_address"], seen["user_agent"], list(seen["event_data"])) == (None, "", ["details_cleared_at"])
    assert (came["text"], came["words_cleared_at"] is None) == ("", False)
    assert timeline.status_code == 200


def test_an_owner_sets_the_ages_in_the_api_and_nobody_below():
    owner = key_client(Role.OWNER)
    address, home = "/api/v1/retention", owner.organization

    changed = owner.patch(address, {"values_kept_days": 90}, format="json")
    refused = [owner.patch(address, {"details_kept_days": days}, format="json") for days in (6, 3651, "x", True)]
    below = key_client(Role.MANAGER, home).patch(address, {"values_kept_days": None}, format="json")

    assert (changed.status_code, changed.json()) == (200, {"values_kept_days": 90, "details_kept_days": None})
    assert [each.status_code for each in refused] == [400] * 4
    assert (below.status_code, key_client(Role.VIEWER, home).get(address).json()["values_kept_days"]) == (403, 90)


def test_an_owner_sets_the_ages_on_the_page_of_the_organization():
    owner = MembershipFactory(role=Role.OWNER)
    client, home = client_of(owner.user), owner.organization
    address = reverse("admin:accounts_organization_change", args=[home.pk])
    form = client.get(address).context["adminform"].form

    assert "What is older is cleared for good" in client.get(address).content.decode()
    assert {"values_kept_days", "details_kept_days"} <= set(form.fields)
    assert "details_cleared_to" not in form.fields
    assert Organization.objects.get(pk=home.pk).values_kept_days is None
