"""Endpoints and deliveries as people, programs and commands meet them."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import NOON, OrganizationFactory, WebhookDeliveryFactory, WebhookEndpointFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.runtime.health.check import Level
from campaigns_project.runtime.health.webhooks import examine_webhooks
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from campaigns_project.webhooks.retention import KEPT_FOR, is_any_old, remove_old

pytestmark = pytest.mark.django_db

TOKEN = "t0k3n-of-the-address"
ADDRESS = f"https://hooks.example.com/in?token={TOKEN}"
LIST = "/api/v1/webhook-endpoints"


def page(name: str, *keys: Any) -> str:
    return reverse(f"admin:webhooks_{name}", args=keys)


def test_the_api_shows_a_secret_where_it_is_made_and_nowhere_else() -> None:
    client = key_client(Role.MANAGER)

    made = client.post(LIST, {"url": ADDRESS, "event_types": ["sender.paused", "campaign.paused"]}).json()
    rotated = client.post(f"{LIST}/{made['id']}/rotate-secret").json()

    endpoint = WebhookEndpoint.objects.get()
    assert (rotated["secret"], made["secret"]) == (endpoint.secret, endpoint.previous_secret)
    assert made["secret"] != rotated["secret"]
    assert made["event_types"] == ["campaign.paused", "sender.paused"]
    for path in (LIST, f"{LIST}/{made['id']}"):
        assert "whsec_" not in client.get(path).content.decode()
    kept = json.dumps(list(AuditLog.objects.values()), default=str)
    assert "whsec_" not in kept
    assert TOKEN not in kept


def test_only_managers_see_the_whole_address() -> None:
    home = WebhookEndpointFactory(url=ADDRESS, shown_url="https://hooks.example.com/in").organization

    shown = {role: key_client(role, home).get(LIST).json()["results"][0] for role in (Role.OPERATOR, Role.MANAGER)}

    assert (shown[Role.OPERATOR]["url"], shown[Role.MANAGER]["url"]) == (None, ADDRESS)
    assert shown[Role.OPERATOR]["shown_url"] == "https://hooks.example.com/in"
    pages = [page("webhookendpoint_changelist"), page("webhookendpoint_change", WebhookEndpoint.objects.get().pk)]
    reader = member(home, Role.VIEWER)
    assert not any(TOKEN in reader.get(each).content.decode() for each in pages)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.com/", "webhook_not_encrypted"),
        ("https://10.0.0.1/", "address_not_allowed"),
        ("https://[::ffff:10.0.0.1]/", "address_not_allowed"),
        ("https://169.254.169.254/latest", "address_not_allowed"),
        ("https://user:word@hooks.example.com/", "webhook_address"),
        ("ftp://hooks.example.com/", "webhook_address"),
        ("https:///nowhere", "webhook_address"),
        ("https://hooks.example.com:99999/", "webhook_address"),
        ("https://hooks.example.com/a b", "webhook_address"),
    ],
)
def test_an_address_to_which_nothing_could_be_sent_is_refused_with_the_reason(url: str, code: str) -> None:
    client = key_client(Role.MANAGER)

    answer = client.post(LIST, {"url": url})
    form = {"organization": client.organization.pk, "url": url}
    shown = member(client.organization, Role.MANAGER).post(page("webhookendpoint_add"), form)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert shown.context["adminform"].form.errors["url"]
    assert not WebhookEndpoint.objects.exists()


def test_an_organization_has_twenty_endpoints_and_no_more() -> None:
    client = key_client(Role.MANAGER)
    WebhookEndpointFactory.create_batch(20, organization=client.organization)

    answer = client.post(LIST, {"url": ADDRESS})

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_endpoints")


def test_filters_find_endpoints_by_event_and_deliveries_by_all_that_tells_them() -> None:
    client = key_client(Role.VIEWER)
    endpoint = WebhookEndpointFactory(organization=client.organization, event_types=["sender.paused"])
    WebhookEndpointFactory(organization=client.organization)
    one = WebhookDeliveryFactory(endpoint=endpoint, ended=True)
    WebhookDeliveryFactory(endpoint=endpoint, event_type="sender.paused")

    def found(path: str) -> list[int]:
        return [each["id"] for each in client.get(f"/api/v1/{path}").json()["results"]]

    assert found("webhook-endpoints?event_type=sender.paused") == [endpoint.pk]
    for asked in ("status=failed", "event_type=recipient.replied,message.sent", f"event_id={one.event_id}"):
        assert found(f"webhook-deliveries?endpoint={endpoint.pk}&{asked}") == [one.pk]
    assert client.get("/api/v1/webhook-deliveries?status=lost").status_code == 400


def test_what_waits_or_whose_endpoint_is_disabled_is_not_sent_again() -> None:
    client = key_client(Role.MANAGER)
    endpoint = WebhookEndpointFactory(organization=client.organization)
    waits = WebhookDeliveryFactory(endpoint=endpoint)
    failed = WebhookDeliveryFactory(endpoint=endpoint, ended=True)

    assert client.post(f"/api/v1/webhook-deliveries/{waits.pk}/resend").json()["code"] == "delivery_waits"
    client.post(f"{LIST}/{endpoint.pk}/disable")
    refused = client.post(f"/api/v1/webhook-deliveries/{failed.pk}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_disabled")
    assert client.post(f"{LIST}/{endpoint.pk}/test").json()["code"] == "endpoint_disabled"

    assert client.post(f"{LIST}/{endpoint.pk}/enable").json()["status"] == "active"
    assert client.post(f"/api/v1/webhook-deliveries/{failed.pk}/resend").json()["status"] == "waiting"
    assert client.post(f"{LIST}/{endpoint.pk}/enable").json()["code"] == "state_conflict"


def test_a_page_shows_a_new_secret_once() -> None:
    home = OrganizationFactory()
    browser = member(home, Role.MANAGER)

    made = browser.post(page("webhookendpoint_add"), {"organization": home.pk, "url": ADDRESS})
    endpoint = WebhookEndpoint.objects.get()
    kept = str([session.get_decoded() for session in Session.objects.all()])
    first, second = browser.get(made.url), browser.get(made.url)

    assert (made.url, endpoint.shown_url) == (
        page("webhookendpoint_change", endpoint.pk),
        "https://hooks.example.com/in",
    )
    assert (endpoint.secret in first.content.decode(), "no-store" in first["Cache-Control"]) == (True, True)
    assert "whsec_" not in second.content.decode() + kept

    press(browser, page("webhookendpoint_rotate_secret", endpoint.pk))
    rotated = WebhookEndpoint.objects.get().secret
    assert rotated in browser.get(made.url).content.decode()
    assert rotated != endpoint.secret


def test_a_changed_address_is_shown_anew_and_an_untouched_one_stays() -> None:
    endpoint = WebhookEndpointFactory(url=ADDRESS)
    browser, address = member(endpoint.organization, Role.MANAGER), page("webhookendpoint_change", endpoint.pk)

    browser.post(address, {"url": ADDRESS, "description": "CRM", "event_types": ["sender.paused"]})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.description, endpoint.event_types) == (ADDRESS, "CRM", ["sender.paused"])
    browser.post(address, {"url": "https://other.example.com/x?y=1", "description": "CRM"})
    endpoint.refresh_from_db()
    assert (endpoint.shown_url, endpoint.event_types) == ("https://other.example.com/x", [])


def test_the_list_tells_how_each_stands_in_one_query_more_or_less() -> None:
    home = OrganizationFactory()
    browser = member(home, Role.VIEWER)
    counts = []
    for _ in range(2):
        endpoint = WebhookEndpointFactory(organization=home)
        fields = {"endpoint": endpoint, "tried_at": NOON}
        WebhookDeliveryFactory(ended=True, **fields)
        WebhookDeliveryFactory.create_batch(3, ended=True, status="succeeded", error="", endpoint=endpoint)
        WebhookDeliveryFactory(**fields)
        with CaptureQueriesContext(connection) as asked:
            shown = browser.get(page("webhookendpoint_changelist")).content.decode()
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert shown.count("75.0 % came through in the last 24 hours (3 of 4); 1 waits.") == 2


def test_a_delivery_shows_what_was_sent_and_what_came_back() -> None:
    delivery = WebhookDeliveryFactory(ended=True, response_status=500, response_body="<b>no such table</b>")

    shown = member(delivery.endpoint.organization, Role.VIEWER).get(page("webhookdelivery_change", delivery.pk))

    text = shown.content.decode()
    assert all(word in text for word in (delivery.event_id, "ana@acme.example", "POST https://hooks.example.com/in"))
    assert "&lt;b&gt;no such table&lt;/b&gt;" in text


def test_the_command_sends_again_what_was_missed_since_then() -> None:
    endpoint = WebhookEndpointFactory(description="CRM")
    old, missed, abandoned, taken = (
        WebhookDeliveryFactory(endpoint=endpoint, ended=True, occurred_at=at, status=status)
        for at, status in (
            (NOON - timedelta(days=9), "failed"), (NOON, "failed"), (NOON, "abandoned"), (NOON, "succeeded"),
        )
    )  # fmt: skip
    WebhookDeliveryFactory(ended=True)
    given = ("--organization", endpoint.organization.slug, "--since", "2026-11-19", "--json")

    counted, done = StringIO(), StringIO()
    call_command("resend_webhooks", *given, "--dry-run", stdout=counted)
    assert not WebhookDelivery.objects.filter(status="waiting").exists()
    call_command("resend_webhooks", *given, "--endpoint", str(endpoint.pk), stdout=done)

    waiting = WebhookDelivery.objects.filter(status="waiting", attempts=0).order_by("pk")
    assert [each.pk for each in waiting] == [missed.pk, abandoned.pk]
    for said in (counted, done):
        told = [{"endpoint": endpoint.pk, "name": "CRM", "deliveries": 2, "skipped": ""}]
        assert json.loads(said.getvalue())["endpoints"] == told
    assert {old.pk, taken.pk}.isdisjoint(each.pk for each in waiting)


def test_the_command_says_that_an_endpoint_is_disabled_or_not_there() -> None:
    endpoint = WebhookEndpointFactory(status="disabled", disabled_at=NOON, status_reason="x")
    given = ("--organization", endpoint.organization.slug, "--since", "2026-11-19")

    with pytest.raises(CommandError) as disabled:
        call_command("resend_webhooks", *given, stdout=StringIO())
    with pytest.raises(CommandError) as missing:
        call_command("resend_webhooks", *given, "--endpoint", "1", stdout=StringIO())

    assert (disabled.value.returncode, missing.value.returncode) == (4, 3)


def test_deliveries_are_kept_for_thirty_days_whatever_became_of_them() -> None:
    now = timezone.now()
    for status in ({}, {"ended": True}):
        WebhookDeliveryFactory(created_at=now - KEPT_FOR - timedelta(minutes=1), **status)
    kept = WebhookDeliveryFactory(created_at=now - KEPT_FOR + timedelta(minutes=1))

    assert (is_any_old(now=now), remove_old(now=now), is_any_old(now=now)) == (True, 2, False)
    assert WebhookDelivery.objects.get() == kept


def test_system_health_names_endpoints_that_somebody_has_to_see_to() -> None:
    assert [check.level for check in examine_webhooks()] == [Level.NOTE]
    well = WebhookEndpointFactory(description="CRM")
    assert [check.level for check in examine_webhooks()] == [Level.OK]

    WebhookEndpointFactory(description="Lake", failing_since=timezone.now() - timedelta(hours=3))
    off = {"status": "disabled", "disabled_at": NOON, "status_reason": "It answered 410 Gone."}
    WebhookEndpointFactory(description="Old", is_disabled_by_system=True, **off)
    WebhookEndpointFactory(description="Paused", **off)
    WebhookDeliveryFactory(endpoint=well, next_try_at=timezone.now() - timedelta(hours=1))
    said = list(examine_webhooks())

    assert [check.level for check in said] == [Level.WARN] * 3
    assert "Lake" in said[0].message
    assert "Old" in said[1].message
    assert said[2].message == "Webhooks wait 60 min longer than they should."
    assert not any(name in check.shareable for check in said for name in ("Lake", "Old"))


def test_the_first_page_says_that_an_endpoint_disabled_itself() -> None:
    off = {"status": "disabled", "disabled_at": NOON, "status_reason": "It answered 410 Gone."}
    endpoint = WebhookEndpointFactory(description="CRM", is_disabled_by_system=True, **off)

    shown = member(endpoint.organization, Role.VIEWER).get(reverse("admin:index")).content.decode()

    assert "The webhook endpoint CRM was disabled" in shown
    assert page("webhookendpoint_change", endpoint.pk) in shown
