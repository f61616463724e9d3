"""A body may set what the schema says and nothing else: every other field of the model is refused."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.api.sender_limits import LIMITS
from campaigns.models import (
    CalendarFeed,
    CalendarItem,
    Campaign,
    CampaignPlan,
    DeEnrollmentRun,
    EmailTemplate,
    InstantlyAccount,
    LeadNote,
    LeadRanking,
    LeadUserStatus,
    Mailbox,
    Message,
    MetricDefinition,
    OperatorTask,
    Recipient,
    Sender,
    SendingHalt,
    Step,
    Variant,
)
from campaigns_project.api import router
from campaigns_project.tests.rest.clients import KeyClient, key_client
from campaigns_project.tests.rest.test_writes import POINTS, mail_was_sent
from campaigns_project.tests.tenancy.world import World
from campaigns_project.webhooks.models import WebhookEndpoint
from leads.models import EnrichmentProfile, Lead, LeadImport, ProviderAccount, Segment, Suppression, Tag
from tracking.models import EmailEvent

pytestmark = pytest.mark.django_db

WORDING = {"subject": "Hello", "body_text": "Hello"}
# What is enough to make one, by model.
ENOUGH: dict[type, dict[str, Any]] = {
    Lead: {"email": "new@acme.example"},
    LeadImport: {"unknown_columns": "ignore"},  # and a file, see `post`
    Tag: {"name": "new"},
    Segment: {"name": "new", "rules": {"groups": [{"rules": [{"field": "title", "operator": "is", "value": "x"}]}]}},
    Suppression: {"address": "new@acme.example"},
    ProviderAccount: {"provider": "apollo", "api_key": "key"},
    InstantlyAccount: {"api_key": "key"},
    WebhookEndpoint: {"url": "https://hooks.example.com/in"},
    Campaign: {"name": "New"},
    EmailTemplate: {"name": "New", **WORDING},
    DeEnrollmentRun: {},
    SendingHalt: {"reason": "wrong list"},
    Sender: {"email": "new@fairlead.example"},
    Mailbox: {"name": "New", "host": "imap.fairlead.example", "username": "ada"},
    Step: {"variants": [WORDING]},
    Variant: WORDING,
    Recipient: {"everyone": True},
    LeadRanking: {"everyone": True},
    LeadNote: {"text": "Called."},  # and a lead, see `post`
    LeadUserStatus: {"status": "done"},
    CampaignPlan: {"name": "New", "starts_on": "2026-12-01", "ends_on": "2026-12-24"},
    CalendarItem: {"title": "New", "starts_on": "2026-12-01"},
    OperatorTask: {"title": "New"},
    CalendarFeed: {},
    MetricDefinition: {"name": "New"},
    EmailEvent: {"event_type": "reply"},  # and a message, see `post`
    EnrichmentProfile: {
        "name": "New",
        "url": "https://llm.example.com/v1",
        "model": "small",
        "prompt": "Who?",
        "fields": ["title"],
    },
}
# What a body may set, by model. Anything else that the model has must be refused.
WRITABLE: dict[type, set[str]] = {
    Lead: {
        "email", "first_name", "last_name", "company", "title", "phone", "website", "linkedin_url", "city", "country",
        "timezone", "custom", "seniority", "industry", "company_domain", "company_size", "verification",
    },
    Tag: {"name", "color"},
    Segment: {"name", "description", "rules"},
    Suppression: {"address", "campaign_id", "expires_at", "reason", "source"},
    ProviderAccount: {"provider", "api_key", "credit_limit"},
    InstantlyAccount: {"api_key"},
    WebhookEndpoint: {"url", "description", "event_types"},
    Campaign: {
        "campaign_id", "name", "description", "plan", "template", "timezone", "sending_days", "window_start",
        "window_end", "window_zone", "holidays", "counts_sending_days", "daily_limit", "daily_new_leads",
        "track_opens", "track_clicks", "stop_on_reply", "stop_on_booking", "priority",
    },
    DeEnrollmentRun: {"campaign", "reason"},
    EmailTemplate: {"name", "subject", "preheader", "body_html", "body_text"},
    SendingHalt: {"reason"},
    Sender: {
        "email", "name", "reply_to", "kind", "host", "port", "security", "username", "password", "esp", "esp_settings",
        "max_connections", "guard_percent", "guard_floor", "dkim_selector", "return_path_domain", "return_path_plus",
        "mailbox", "webhook_service", "webhook_secret", *LIMITS,
    },
    Mailbox: {"name", "host", "port", "security", "username", "password", "folders"},
    Step: {"wait_amount", "wait_unit", "in_thread"},
    Variant: {"subject", "preheader", "body_html", "body_text", "weight", "is_active", "template"},
    LeadImport: {"encoding", "delimiter", "mapping", "dry_run"},  # the last asks for one, and takes no numbers
    Recipient: set(),
    LeadRanking: set(),
    LeadNote: {"lead", "campaign", "text"},
    CampaignPlan: {
        "name", "goal", "starts_on", "ends_on", "target_metric", "target_value", "budgeted_touches", "calls_interested",
    },
    CalendarItem: {"kind", "title", "note", "starts_on", "ends_on"},
    CalendarFeed: set(),
    OperatorTask: {"title", "kind", "note", "due_at", "assignee", "campaign", "lead", "checklist"},
    MetricDefinition: {"name", "unit", "direction", "target", "cadence", "entered_by"},
    LeadUserStatus: {"lead", "campaign", "status"},
    EmailEvent: {"event_type", "message", "message_id", "source_event_id"},
    EnrichmentProfile: {"name", "url", "model", "api_key", "prompt", "fields", "is_active"},
}  # fmt: skip


def views_with(action: str) -> list[Any]:
    return [pytest.param(prefix, view, id=prefix) for prefix, view, _ in router.registry if hasattr(view, action)]


def forbidden(model: type) -> list[str]:
    """Every field of the model, by both its names, that no body may set."""
    names = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}  # type: ignore[attr-defined]
    return sorted(names - WRITABLE[model])


@pytest.fixture
def ranked(world: World) -> World:
    """The world, with something to rank by."""
    Campaign.objects.filter(pk=world[Campaign].pk).update(ranking_rules=POINTS)
    return world


def path_of(prefix: str, world: World) -> str:
    """The path of a route's prefix, in the campaign and step of the world."""
    keys = {"campaign": world[Campaign].pk, "step": world[Step].pk}
    return "/api/v1/" + re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda found: str(keys[found[1]]), prefix)


@pytest.mark.parametrize(("prefix", "view"), views_with("create"))
def test_a_post_sets_no_field_but_those_of_the_schema(prefix, view, ranked):
    world, model, path = ranked, view.queryset.model, path_of(prefix, ranked)
    client = key_client(organization=world.organization)
    if model in (ProviderAccount, InstantlyAccount):
        world[model].delete()  # an organization has one key at a provider
    number = model.objects.count()

    codes = {name: post(client, path, model, world, {name: 1}).json()["code"] for name in forbidden(model)}

    assert codes == dict.fromkeys(forbidden(model), "unknown_parameter")
    assert model.objects.count() == number
    assert post(client, path, model, world, {}).status_code in {200, 201, 202}


def post(client: KeyClient, path: str, model: type, world: World, more: dict[str, Any]) -> Any:
    """Enough to make one, and `more`."""
    body = {**ENOUGH[model], **more}
    if model in {LeadNote, LeadUserStatus}:
        body["lead"] = world[Lead].pk
    if model is EmailEvent:
        mail_was_sent(world)
        body["message"] = world[Message].pk
    if model is LeadImport:
        body["file"] = SimpleUploadedFile("new.csv", b"email\nnew@acme.example\n")
        return client.post(path, body, format="multipart")
    return client.post(path, body)


@pytest.mark.parametrize(("prefix", "view"), views_with("partial_update"))
def test_a_patch_sets_no_field_but_those_of_the_schema(prefix, view, world):
    model = view.queryset.model
    client = key_client(organization=world.organization)
    before = model.objects.filter(pk=world[model].pk).values().get()
    path = f"{path_of(prefix, world)}/{world[model].pk}"

    codes = {name: client.patch(path, {name: 1}).json()["code"] for name in forbidden(model)}

    assert codes == dict.fromkeys(forbidden(model), "unknown_parameter")
    assert model.objects.filter(pk=world[model].pk).values().get() == before
    assert client.patch(path, {}).status_code == 200


def test_every_serializer_of_the_api_names_its_fields():
    metas = [getattr(view.serializer_class, "Meta", None) for _, view, _ in router.registry]

    loose = [meta.model for meta in metas if meta and not isinstance(meta.fields, list)]

    assert loose == []
