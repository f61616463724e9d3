"""Every writing operation of the API, from the schema: it leaves its audit row, is done once, and needs its role."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from campaigns.automatic import StandingAudience
from campaigns.deletion import preview
from campaigns.enrollment import stop_recipient
from campaigns.fetching.request import request_fetch
from campaigns.fetching.source import set_lead_source
from campaigns.lifecycle import complete_finished
from campaigns.models import (
    CalendarFeed,
    CalendarItem,
    Campaign,
    CampaignPlan,
    EmailTemplate,
    ExitReason,
    InstantlyAccount,
    Job,
    LeadNote,
    LeadUserStatus,
    Mailbox,
    Message,
    MetricDefinition,
    MetricEntry,
    OperatorTask,
    Recipient,
    Sender,
    SendingHalt,
    Step,
    TemplateVersion,
    Variant,
)
from campaigns.preflight import AT_ONCE
from campaigns.tests.factories import NOON, LeadFactory, TagFactory, VariantFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.audit.refusing import refusing
from campaigns_project.tests.rest.answers import Document, described
from campaigns_project.tests.rest.clients import key_client
from campaigns_project.tests.tenancy.world import World
from campaigns_project.webhooks.models import WebhookDelivery, WebhookEndpoint
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.models import (
    EnrichmentProfile,
    Lead,
    LeadImport,
    ProviderAccount,
    ProviderPurchase,
    Segment,
    Suppression,
    Tag,
)
from tracking.models import InboundWebhook

pytestmark = pytest.mark.django_db

WORDING = {"subject": "Hello", "body_text": "Hello"}
DAYS = {"starts_on": "2026-12-01", "ends_on": "2026-12-24"}
ENRICHMENT = {
    "name": "New", "url": "https://llm.example.com/v1", "model": "small", "prompt": "About {{ company }}",
    "fields": ["custom.business"],
}  # fmt: skip
SEARCH = {"filters": {"person_titles": ["ceo"]}, "count": 5}
# These write nothing.
ASKING = {
    "post /api/v1/campaigns/{id}/lead-source/preview",
    "post /api/v1/segments/preview",
    "post /api/v1/suppressions/check",
}

# Files, which are made anew by whoever asks anew.
FILES = {"application/zip", "text/csv; charset=utf-8", "application/x-ndjson"}

# These ask a service outside first, and are tried where a stand-in of it runs.
ELSEWHERE = {"post /api/v1/instantly-accounts/{id}/campaigns": "campaigns/tests/instantly/test_accounts.py"}


def nothing(_world: World) -> None:
    """The world is right as it is: a running campaign with everything in it."""


@dataclass(frozen=True)
class Write:
    """How to do it well: the path below /api/v1/, from the rows of a world; the state it needs; what comes of it."""

    action: str
    role: Role
    path: Callable[[World], str]
    body: dict[str, Any] | Callable[[World], dict[str, Any]] = field(default_factory=dict)
    prepare: Callable[[World], Any] = nothing


def at(*parts: Any) -> Callable[[World], str]:
    """A path of texts and models; a model stands for the key of its row."""
    return lambda world: "/".join(str(world[part].pk) if isinstance(part, type) else part for part in parts)


def campaign_is(status: str, **fields: Any) -> Callable[[World], Any]:
    return lambda world: Campaign.objects.filter(pk=world[Campaign].pk).update(status=status, **fields)


def is_put_away(world: World) -> None:
    campaign_is("archived")(world)
    complete_finished(now=NOON)


def never_started(world: World) -> None:
    campaign_is("draft", started_at=None)(world)


def has_lead_source(world: World) -> None:
    set_lead_source(campaign=world[Campaign], **SEARCH, actor=SYSTEM, now=NOON)


def leads_are_fetched(world: World) -> None:
    has_lead_source(world)
    request_fetch(campaign=world[Campaign], actor=SYSTEM, now=NOON)


def second_variant(world: World) -> None:
    world.rows[Variant] = VariantFactory(step=world[Step], label="B")


def no_import_is_open(world: World) -> None:
    nothing_is_under_way(world)
    LeadImport.objects.update(status="succeeded", finished_at=NOON)


def lead_in_no_campaign(world: World) -> None:
    world.rows[Lead] = LeadFactory(organization=world.organization)


def task_is_done(world: World) -> None:
    OperatorTask.objects.filter(pk=world[OperatorTask].pk).update(status="done", completed_at=NOON)


def metric_value(world: World) -> dict[str, Any]:
    return {"metric": world[MetricDefinition].pk, "date": "2026-11-20", "value": "7"}


def second_lead(world: World) -> None:
    LeadFactory(organization=world.organization)


def message_is_uncertain(world: World) -> None:
    Message.objects.filter(pk=world[Message].pk).update(
        status="uncertain", reason="timeout", sent_at=None, claimed_at=None, lease=None
    )


def mail_has_failed(world: World) -> None:
    message = Message.objects.filter(pk=world[Message].pk)
    message.update(status="failed", reason="content", sent_at=None, claimed_at=None, lease=None)
    stop_recipient(world[Recipient].pk, reason=ExitReason.FAILED, at=NOON)


def mail_was_sent(world: World) -> None:
    Message.objects.filter(pk=world[Message].pk).update(
        status="sent", sent_at=NOON, attempted_at=NOON, reason="", claimed_at=None, lease=None
    )
    Recipient.objects.filter(pk=world[Recipient].pk).update(sent_at=NOON)


def sender_is_paused(world: World) -> None:
    Sender.objects.filter(pk=world[Sender].pk).update(status="paused")


def service_reports(world: World) -> None:
    Sender.objects.filter(pk=world[Sender].pk).update(webhook_service="postmark")


def mailbox_is_paused(world: World) -> None:
    Mailbox.objects.filter(pk=world[Mailbox].pk).update(status="paused")


def answer_got_lost(world: World) -> None:
    ProviderPurchase.objects.filter(pk=world[ProviderPurchase].pk).update(status="unclear", payload=None)


def no_key_for_apollo(world: World) -> None:
    world[ProviderAccount].delete()


def no_key_for_instantly(world: World) -> None:
    world[InstantlyAccount].delete()


def instantly_is_paused(world: World) -> None:
    InstantlyAccount.objects.filter(pk=world[InstantlyAccount].pk).update(status="paused")


def endpoint_is_disabled(_world: World) -> None:
    WebhookEndpoint.objects.update(status="disabled", disabled_at=NOON, status_reason="asked for")


def stop_is_in_force(_world: World) -> None:
    SendingHalt.objects.update(lifted_at=None, lifted_by="")


def job_ended_long_ago(world: World) -> None:
    Job.objects.filter(pk=world[Job].pk).update(status="succeeded", finished_at=NOON - timedelta(days=900))


def nothing_is_under_way(world: World) -> None:
    campaign_is("paused", paused_at=NOON)(world)
    Job.objects.filter(campaign=world[Campaign]).delete()


def import_is_a_draft(world: World) -> None:
    world.rows[LeadImport] = receive(
        organization=world.organization,
        stream=BytesIO(b"email\nnew@acme.example\n"),
        file_name=world.marker,
        options=ImportOptions(),
        actor=SYSTEM,
        now=timezone.now(),
        as_draft=True,
    )


def import_is_through(world: World) -> None:
    through = {"status": "succeeded", "finished_at": timezone.now(), "rows_done": 1, "created_count": 1}
    LeadImport.objects.filter(pk=world[LeadImport].pk).update(**through)


def confirmed(world: World) -> dict[str, Any]:
    """What says that a deletion is meant."""
    impact = preview(campaign=world[Campaign], now=NOON)
    return {"confirm_name": world.marker, "token": impact.token, "reason": "It is over."}


def confirmed_in_the_query(world: World) -> str:
    return f"campaigns/{world[Campaign].pk}?{urlencode(confirmed(world))}"


def more_than_is_checked_at_once(world: World) -> None:
    home, campaign, steps = world.organization, world[Campaign], 20  # few people and many steps: fewer rows to write
    for _ in range(steps):
        VariantFactory(step__campaign=campaign)
    addresses = [f"many{number}@acme.example" for number in range(AT_ONCE // steps)]
    people = [Lead(organization=home, email=each, email_normalized=each) for each in addresses]
    Lead.objects.bulk_create(people)
    Recipient.objects.bulk_create(
        [Recipient(campaign=campaign, lead=lead, email_address=lead.email) for lead in people]
    )


def second_tag(world: World) -> None:
    TagFactory(organization=world.organization)


def other_tag(world: World) -> Tag:
    return Tag.objects.for_organization(world.organization).exclude(pk=world[Tag].pk).get()


def ranks_by_points(world: World) -> None:
    Campaign.objects.filter(pk=world[Campaign].pk).update(ranking_rules=POINTS)


def is_automatic(world: World) -> None:
    audience = StandingAudience(segments=(world[Segment].pk,)).as_json()
    Campaign.objects.filter(pk=world[Campaign].pk).update(is_automatic=True, standing_audience=audience)


def is_switched_off(world: World) -> None:
    is_automatic(world)
    Campaign.objects.filter(pk=world[Campaign].pk).update(is_active=False, deactivated_at=NOON)


def has_booked(world: World) -> None:
    Recipient.objects.filter(pk=world[Recipient].pk).update(booked_at=NOON)
    Campaign.objects.filter(pk=world[Campaign].pk).update(booked_count=1)


def segment_is_frozen(world: World) -> None:
    Segment.objects.filter(pk=world[Segment].pk).update(frozen_at=NOON)


VIEWER, OPERATOR, MANAGER = Role.VIEWER, Role.OPERATOR, Role.MANAGER
ONE = at("campaigns", Campaign)
TOMORROW = (timezone.now() + timedelta(days=1)).isoformat()
C = "/api/v1/campaigns/{campaign}"
L = "/api/v1/campaigns/{id}"

SOME_ACT = {"act": "tag", "tags": ["new"]}
POINTS = [{"field": "company", "operator": "is", "value": "Acme", "points": 10}]
RULES = {"groups": [{"rules": [{"field": "company", "operator": "is", "value": "Acme"}]}]}

WRITES = {
    "post /api/v1/audit-log/export": Write(
        "auditlog.exported", MANAGER, at("audit-log", "export"), {"format": "csv", "filters": {"action": "campaign."}}
    ),
    "patch /api/v1/retention": Write("organization.changed", Role.OWNER, at("retention"), {"values_kept_days": 90}),
    "post /api/v1/leads": Write("lead.created", OPERATOR, at("leads"), {"email": "new@acme.example"}),
    "patch /api/v1/leads/{id}": Write("lead.changed", OPERATOR, at("leads", Lead), {"company": "New"}),
    "delete /api/v1/leads/{id}": Write("lead.deleted", MANAGER, at("leads", Lead), prepare=lead_in_no_campaign),
    "post /api/v1/leads/{id}/merge": Write(
        "lead.merged",
        MANAGER,
        at("leads", Lead, "merge"),
        lambda world: {"other": Lead.objects.for_organization(world.organization).latest("pk").pk},
        second_lead,
    ),
    "post /api/v1/tags": Write("tag.created", OPERATOR, at("tags"), {"name": "new"}),
    "patch /api/v1/tags/{id}": Write("tag.changed", OPERATOR, at("tags", Tag), {"name": "new"}),
    "delete /api/v1/tags/{id}": Write("tag.deleted", MANAGER, at("tags", Tag)),
    "post /api/v1/tags/{id}/merge": Write(
        "tag.merged", MANAGER, at("tags", Tag, "merge"), lambda world: {"into": other_tag(world).pk}, second_tag
    ),
    "post /api/v1/leads/bulk": Write(
        "leads.tagged", OPERATOR, at("leads", "bulk"), lambda world: {**SOME_ACT, "lead_ids": [world[Lead].pk]}
    ),
    "post /api/v1/segments": Write("segment.created", OPERATOR, at("segments"), {"name": "new", "rules": RULES}),
    "patch /api/v1/segments/{id}": Write("segment.changed", OPERATOR, at("segments", Segment), {"name": "new"}),
    "delete /api/v1/segments/{id}": Write("segment.deleted", MANAGER, at("segments", Segment)),
    "post /api/v1/segments/{id}/freeze": Write("segment.frozen", OPERATOR, at("segments", Segment, "freeze")),
    "post /api/v1/segments/{id}/unfreeze": Write(
        "segment.unfrozen", OPERATOR, at("segments", Segment, "unfreeze"), prepare=segment_is_frozen
    ),
    "post /api/v1/enrichment-profiles": Write(
        "enrichmentprofile.created", MANAGER, at("enrichment-profiles"), ENRICHMENT
    ),
    "patch /api/v1/enrichment-profiles/{id}": Write(
        "enrichmentprofile.changed", MANAGER, at("enrichment-profiles", EnrichmentProfile), {"name": "New"}
    ),
    "delete /api/v1/enrichment-profiles/{id}": Write(
        "enrichmentprofile.deleted", MANAGER, at("enrichment-profiles", EnrichmentProfile)
    ),
    "post /api/v1/enrichment-profiles/{id}/try": Write(
        "enrichmentprofile.tried",
        OPERATOR,
        at("enrichment-profiles", EnrichmentProfile, "try"),
        lambda world: {"lead": world[Lead].pk},
    ),
    "post /api/v1/imports": Write("import.created", OPERATOR, at("imports")),
    "post /api/v1/imports/{id}/cancel": Write("import.canceled", OPERATOR, at("imports", LeadImport, "cancel")),
    "patch /api/v1/imports/{id}": Write(
        "import.reread", OPERATOR, at("imports", LeadImport), {"on_existing": "skip"}, import_is_a_draft
    ),
    "post /api/v1/imports/{id}/dry-run": Write(
        "import.dry_run", OPERATOR, at("imports", LeadImport, "dry-run"), prepare=import_is_a_draft
    ),
    "post /api/v1/imports/{id}/commit": Write(
        "import.committed", OPERATOR, at("imports", LeadImport, "commit"), prepare=import_is_a_draft
    ),
    "post /api/v1/imports/{id}/undo": Write(
        "import.undone", OPERATOR, at("imports", LeadImport, "undo"), prepare=import_is_through
    ),
    "post /api/v1/suppressions": Write("suppression.created", OPERATOR, at("suppressions"), {"address": "a.example"}),
    "post /api/v1/suppressions/bulk": Write(
        "suppression.added_many", OPERATOR, at("suppressions", "bulk"), {"addresses": ["a.example"]}
    ),
    "post /api/v1/leads/{id}/erase": Write(
        "lead.erasure_requested",
        MANAGER,
        at("leads", Lead, "erase"),
        lambda world: {"confirm_email": world[Lead].email, "reason": "asked for"},
        no_import_is_open,
    ),
    "post /api/v1/leads/{id}/export": Write("lead.exported", MANAGER, at("leads", Lead, "export")),
    "delete /api/v1/suppressions/{id}": Write(
        "suppression.removed", OPERATOR, lambda world: f"suppressions/{world[Suppression].pk}?reason=asked"
    ),
    "post /api/v1/webhook-endpoints": Write(
        "webhookendpoint.created", MANAGER, at("webhook-endpoints"), {"url": "https://hooks.example.com/in?token=x"}
    ),
    "patch /api/v1/webhook-endpoints/{id}": Write(
        "webhookendpoint.changed",
        MANAGER,
        at("webhook-endpoints", WebhookEndpoint),
        {"event_types": ["sender.paused"]},
    ),
    "delete /api/v1/webhook-endpoints/{id}": Write(
        "webhookendpoint.deleted", MANAGER, at("webhook-endpoints", WebhookEndpoint)
    ),
    "post /api/v1/webhook-endpoints/{id}/rotate-secret": Write(
        "webhookendpoint.secret_rotated", MANAGER, at("webhook-endpoints", WebhookEndpoint, "rotate-secret")
    ),
    "post /api/v1/webhook-endpoints/{id}/test": Write(
        "webhookendpoint.tested", MANAGER, at("webhook-endpoints", WebhookEndpoint, "test")
    ),
    "post /api/v1/webhook-endpoints/{id}/disable": Write(
        "webhookendpoint.disabled", MANAGER, at("webhook-endpoints", WebhookEndpoint, "disable"), {"reason": "leak"}
    ),
    "post /api/v1/webhook-endpoints/{id}/enable": Write(
        "webhookendpoint.enabled",
        MANAGER,
        at("webhook-endpoints", WebhookEndpoint, "enable"),
        prepare=endpoint_is_disabled,
    ),
    "post /api/v1/webhook-deliveries/{id}/resend": Write(
        "webhookdelivery.sent_again", MANAGER, at("webhook-deliveries", WebhookDelivery, "resend")
    ),
    "post /api/v1/provider-accounts": Write(
        "provideraccount.created",
        MANAGER,
        at("provider-accounts"),
        {"provider": "apollo", "api_key": "key"},
        no_key_for_apollo,
    ),
    "patch /api/v1/provider-accounts/{id}": Write(
        "provideraccount.changed", MANAGER, at("provider-accounts", ProviderAccount), {"credit_limit": 9}
    ),
    "delete /api/v1/provider-accounts/{id}": Write(
        "provideraccount.deleted", MANAGER, at("provider-accounts", ProviderAccount)
    ),
    "post /api/v1/provider-accounts/{id}/check": Write(
        "provideraccount.checked", MANAGER, at("provider-accounts", ProviderAccount, "check")
    ),
    "post /api/v1/provider-accounts/{id}/ask-again": Write(
        "provideraccount.asks_again",
        MANAGER,
        at("provider-accounts", ProviderAccount, "ask-again"),
        prepare=answer_got_lost,
    ),
    "post /api/v1/instantly-accounts": Write(
        "instantlyaccount.created", MANAGER, at("instantly-accounts"), {"api_key": "key"}, no_key_for_instantly
    ),
    "patch /api/v1/instantly-accounts/{id}": Write(
        "instantlyaccount.changed", MANAGER, at("instantly-accounts", InstantlyAccount), {"api_key": "other"}
    ),
    "delete /api/v1/instantly-accounts/{id}": Write(
        "instantlyaccount.deleted",
        MANAGER,
        at("instantly-accounts", InstantlyAccount),
        prepare=campaign_is("stopped"),
    ),
    "post /api/v1/instantly-accounts/{id}/check": Write(
        "instantlyaccount.checked", MANAGER, at("instantly-accounts", InstantlyAccount, "check")
    ),
    "post /api/v1/instantly-accounts/{id}/pause": Write(
        "instantlyaccount.paused", MANAGER, at("instantly-accounts", InstantlyAccount, "pause")
    ),
    "post /api/v1/instantly-accounts/{id}/resume": Write(
        "instantlyaccount.resumed",
        MANAGER,
        at("instantly-accounts", InstantlyAccount, "resume"),
        prepare=instantly_is_paused,
    ),
    "post /api/v1/campaigns/{id}/delivery": Write(
        "campaign.delivery_chosen",
        MANAGER,
        at("campaigns", Campaign, "delivery"),
        {"by": "instantly", "mailboxes": ["anna@sender.example"]},
        never_started,
    ),
    "post /api/v1/campaigns/{id}/standing-audience": Write(
        "campaign.audience_set",
        MANAGER,
        at("campaigns", Campaign, "standing-audience"),
        lambda world: {"segments": [world[Segment].pk]},
    ),
    "delete /api/v1/campaigns/{id}/standing-audience": Write(
        "campaign.audience_cleared", MANAGER, at("campaigns", Campaign, "standing-audience"), prepare=is_automatic
    ),
    "post /api/v1/campaigns/{id}/activate": Write(
        "campaign.activated", MANAGER, at("campaigns", Campaign, "activate"), prepare=is_switched_off
    ),
    "post /api/v1/campaigns/{id}/deactivate": Write(
        "campaign.deactivated", MANAGER, at("campaigns", Campaign, "deactivate"), prepare=is_automatic
    ),
    "post /api/v1/de-enrollment/runs": Write("deenrollmentrun.asked", OPERATOR, at("de-enrollment", "runs")),
    "post /api/v1/leads/{id}/booking": Write("lead.booked", OPERATOR, at("leads", Lead, "booking")),
    "delete /api/v1/leads/{id}/booking": Write(
        "lead.booking_taken_back", OPERATOR, at("leads", Lead, "booking"), prepare=has_booked
    ),
    "post /api/v1/notes": Write(
        "leadnote.created", OPERATOR, at("notes"), lambda world: {"lead": world[Lead].pk, "text": "Called."}
    ),
    # Somebody else's, which takes a manager.
    "patch /api/v1/notes/{id}": Write("leadnote.changed", MANAGER, at("notes", LeadNote), {"text": "Called twice."}),
    "delete /api/v1/notes/{id}": Write("leadnote.deleted", MANAGER, at("notes", LeadNote)),
    "post /api/v1/lead-statuses": Write(
        "leaduserstatus.created",
        OPERATOR,
        at("lead-statuses"),
        lambda world: {"lead": world[Lead].pk, "status": "interested"},
    ),
    "patch /api/v1/lead-statuses/{id}": Write(
        "leaduserstatus.changed", MANAGER, at("lead-statuses", LeadUserStatus), {"status": "done"}
    ),
    "delete /api/v1/lead-statuses/{id}": Write("leaduserstatus.deleted", MANAGER, at("lead-statuses", LeadUserStatus)),
    "post /api/v1/plans": Write("campaignplan.created", MANAGER, at("plans"), {"name": "New", **DAYS}),
    "patch /api/v1/plans/{id}": Write("campaignplan.changed", MANAGER, at("plans", CampaignPlan), {"name": "New"}),
    "delete /api/v1/plans/{id}": Write("campaignplan.deleted", MANAGER, at("plans", CampaignPlan)),
    "post /api/v1/calendar-items": Write(
        "calendaritem.created", OPERATOR, at("calendar-items"), {"title": "New", **DAYS}
    ),
    # Blackout days, which take a manager.
    "patch /api/v1/calendar-items/{id}": Write(
        "calendaritem.changed", MANAGER, at("calendar-items", CalendarItem), {"title": "New"}
    ),
    "delete /api/v1/calendar-items/{id}": Write("calendaritem.deleted", MANAGER, at("calendar-items", CalendarItem)),
    "post /api/v1/calendar-feeds": Write("calendarfeed.created", OPERATOR, at("calendar-feeds")),
    # Somebody else's, which takes a manager.
    "delete /api/v1/calendar-feeds/{id}": Write("calendarfeed.deleted", MANAGER, at("calendar-feeds", CalendarFeed)),
    "post /api/v1/tasks": Write("operatortask.created", OPERATOR, at("tasks"), {"title": "New"}),
    "patch /api/v1/tasks/{id}": Write("operatortask.changed", OPERATOR, at("tasks", OperatorTask), {"title": "New"}),
    "delete /api/v1/tasks/{id}": Write("operatortask.deleted", OPERATOR, at("tasks", OperatorTask)),
    "post /api/v1/tasks/{id}/move": Write(
        "operatortask.moved", OPERATOR, at("tasks", OperatorTask, "move"), {"column": "doing", "version": 1}
    ),
    "post /api/v1/tasks/{id}/complete": Write(
        "operatortask.completed", OPERATOR, at("tasks", OperatorTask, "complete")
    ),
    "post /api/v1/tasks/{id}/reopen": Write(
        "operatortask.reopened", OPERATOR, at("tasks", OperatorTask, "reopen"), prepare=task_is_done
    ),
    "post /api/v1/metrics": Write("metricdefinition.created", MANAGER, at("metrics"), {"name": "New"}),
    "patch /api/v1/metrics/{id}": Write(
        "metricdefinition.changed", MANAGER, at("metrics", MetricDefinition), {"name": "New"}
    ),
    "delete /api/v1/metrics/{id}": Write("metricdefinition.deleted", MANAGER, at("metrics", MetricDefinition)),
    "put /api/v1/metric-entries": Write("metricentry.changed", OPERATOR, at("metric-entries"), metric_value),
    "post /api/v1/metric-entries/bulk": Write(
        "metricentry.changed",
        OPERATOR,
        at("metric-entries", "bulk"),
        lambda world: {"entries": [metric_value(world)]},
    ),
    "delete /api/v1/metric-entries/{id}": Write("metricentry.deleted", OPERATOR, at("metric-entries", MetricEntry)),
    "post /api/v1/templates": Write("emailtemplate.created", OPERATOR, at("templates"), {"name": "New", **WORDING}),
    "patch /api/v1/templates/{id}": Write(
        "emailtemplate.changed", OPERATOR, at("templates", EmailTemplate), {"name": "New"}
    ),
    "post /api/v1/templates/{template}/versions/{id}/use": Write(
        "emailtemplate.changed", OPERATOR, at("templates", EmailTemplate, "versions", TemplateVersion, "use")
    ),
    "delete /api/v1/templates/{id}": Write("emailtemplate.deleted", MANAGER, at("templates", EmailTemplate)),
    "post /api/v1/senders": Write("sender.created", MANAGER, at("senders"), {"email": "new@fairlead.example"}),
    "patch /api/v1/senders/{id}": Write("sender.changed", MANAGER, at("senders", Sender), {"name": "New"}),
    "delete /api/v1/senders/{id}": Write(
        "sender.deleted", MANAGER, at("senders", Sender), prepare=campaign_is("stopped")
    ),
    "post /api/v1/senders/{id}/pause": Write("sender.paused", MANAGER, at("senders", Sender, "pause")),
    "post /api/v1/senders/{id}/resume": Write(
        "sender.resumed", MANAGER, at("senders", Sender, "resume"), prepare=sender_is_paused
    ),
    "post /api/v1/senders/{id}/renew-webhook": Write(
        "sender.webhook_renewed", MANAGER, at("senders", Sender, "renew-webhook"), prepare=service_reports
    ),
    "post /api/v1/inbound-webhooks/{id}/retry": Write(
        "webhook.retried", OPERATOR, at("inbound-webhooks", InboundWebhook, "retry")
    ),
    "post /api/v1/mailboxes": Write(
        "mailbox.created", MANAGER, at("mailboxes"), {"name": "New", "host": "imap.fairlead.example", "username": "ada"}
    ),
    "patch /api/v1/mailboxes/{id}": Write("mailbox.changed", MANAGER, at("mailboxes", Mailbox), {"name": "New"}),
    "delete /api/v1/mailboxes/{id}": Write("mailbox.deleted", MANAGER, at("mailboxes", Mailbox)),
    "post /api/v1/mailboxes/{id}/pause": Write("mailbox.paused", MANAGER, at("mailboxes", Mailbox, "pause")),
    "post /api/v1/mailboxes/{id}/resume": Write(
        "mailbox.resumed", MANAGER, at("mailboxes", Mailbox, "resume"), prepare=mailbox_is_paused
    ),
    "post /api/v1/mailboxes/{id}/test": Write("mailbox.tested", MANAGER, at("mailboxes", Mailbox, "test")),
    "post /api/v1/inbound-mails": Write("inboundmail.handed_in", OPERATOR, at("inbound-mails"), prepare=mail_was_sent),
    "post /api/v1/uncertain-messages/decide": Write(
        "message.treated_as_sent",
        MANAGER,
        at("uncertain-messages/decide"),
        {"decision": "treat_as_sent", "all": True},
        message_is_uncertain,
    ),
    "post /api/v1/senders/{id}/check": Write("sender.checked", MANAGER, at("senders", Sender, "check")),
    "post /api/v1/events": Write(
        "recipient.event_reported",
        OPERATOR,
        at("events"),
        lambda world: {"event_type": "reply", "message": world[Message].pk},
        mail_was_sent,
    ),
    "post /api/v1/sending-halts": Write("sending.halted", MANAGER, at("sending-halts"), {"reason": "wrong list"}),
    "post /api/v1/sending-halts/{id}/lift": Write(
        "sending.resumed", MANAGER, at("sending-halts", SendingHalt, "lift"), prepare=stop_is_in_force
    ),
    "post /api/v1/campaigns": Write("campaign.created", OPERATOR, at("campaigns"), {"name": "New"}),
    "patch /api/v1/campaigns/{id}": Write("campaign.changed", OPERATOR, ONE, {"name": "New"}),
    "post /api/v1/campaigns/{id}/start": Write(
        "campaign.started", MANAGER, at("campaigns", Campaign, "start"), prepare=never_started
    ),
    "post /api/v1/campaigns/{id}/preflight": Write(
        "campaign.check_queued", OPERATOR, at("campaigns", Campaign, "preflight"), prepare=more_than_is_checked_at_once
    ),
    "post /api/v1/campaigns/{id}/test-sends": Write(
        "campaign.test_sent",
        OPERATOR,
        at("campaigns", Campaign, "test-sends"),
        {"to": ["me@fairlead.example"]},
    ),
    "post /api/v1/campaigns/{id}/schedule": Write(
        "campaign.scheduled", MANAGER, at("campaigns", Campaign, "schedule"), {"at": TOMORROW}, never_started
    ),
    "post /api/v1/campaigns/{id}/unschedule": Write(
        "campaign.unscheduled",
        MANAGER,
        at("campaigns", Campaign, "unschedule"),
        prepare=campaign_is("scheduled", scheduled_at=NOON),
    ),
    "post /api/v1/campaigns/{id}/pause": Write("campaign.paused", MANAGER, at("campaigns", Campaign, "pause")),
    "post /api/v1/campaigns/{id}/resume": Write(
        "campaign.resumed", MANAGER, at("campaigns", Campaign, "resume"), prepare=campaign_is("paused", paused_at=NOON)
    ),
    "post /api/v1/campaigns/{id}/stop": Write("campaign.stopped", MANAGER, at("campaigns", Campaign, "stop")),
    "post /api/v1/campaigns/{id}/archive": Write(
        "campaign.archived", MANAGER, at("campaigns", Campaign, "archive"), prepare=campaign_is("stopped")
    ),
    "post /api/v1/campaigns/{id}/restore": Write(
        "campaign.restored", MANAGER, at("campaigns", Campaign, "restore"), prepare=is_put_away
    ),
    "post /api/v1/campaigns/{id}/duplicate": Write(
        "campaign.created", OPERATOR, at("campaigns", Campaign, "duplicate")
    ),
    "post /api/v1/campaigns/{id}/retry-failed": Write(
        "campaign.failed_retried", MANAGER, at("campaigns", Campaign, "retry-failed"), prepare=mail_has_failed
    ),
    "post /api/v1/campaigns/{id}/cleanup": Write(
        "campaign.jobs_removed", MANAGER, at("campaigns", Campaign, "cleanup"), {"days": 30}, job_ended_long_ago
    ),
    "post /api/v1/campaigns/{id}/deletion": Write(
        "campaign.deletion_requested",
        MANAGER,
        at("campaigns", Campaign, "deletion"),
        confirmed,
        nothing_is_under_way,
    ),
    "post /api/v1/campaigns/{id}/export": Write("campaign.exported", MANAGER, at("campaigns", Campaign, "export")),
    "delete /api/v1/campaigns/{id}": Write(
        "campaign.deletion_requested", MANAGER, confirmed_in_the_query, prepare=nothing_is_under_way
    ),
    f"post {C}/steps": Write("step.created", OPERATOR, at("campaigns", Campaign, "steps"), {"variants": [WORDING]}),
    f"patch {C}/steps/{{id}}": Write(
        "step.changed", OPERATOR, at("campaigns", Campaign, "steps", Step), {"wait_amount": 9}
    ),
    f"delete {C}/steps/{{id}}": Write(
        "step.removed", OPERATOR, at("campaigns", Campaign, "steps", Step), prepare=never_started
    ),
    f"post {C}/steps/{{step}}/variants": Write(
        "variant.created", OPERATOR, at("campaigns", Campaign, "steps", Step, "variants"), WORDING
    ),
    f"patch {C}/steps/{{step}}/variants/{{id}}": Write(
        "variant.changed", OPERATOR, at("campaigns", Campaign, "steps", Step, "variants", Variant), {"weight": 9}
    ),
    f"delete {C}/steps/{{step}}/variants/{{id}}": Write(
        "variant.removed",
        OPERATOR,
        at("campaigns", Campaign, "steps", Step, "variants", Variant),
        prepare=second_variant,
    ),
    f"post {L}/lead-source": Write(
        "campaign.lead_source_set", OPERATOR, at("campaigns", Campaign, "lead-source"), SEARCH
    ),
    f"delete {L}/lead-source": Write(
        "campaign.lead_source_cleared", OPERATOR, at("campaigns", Campaign, "lead-source"), prepare=has_lead_source
    ),
    f"post {L}/fetch-leads": Write(
        "campaign.fetch_requested", MANAGER, at("campaigns", Campaign, "fetch-leads"), prepare=has_lead_source
    ),
    f"post {L}/cancel-fetch": Write(
        "campaign.fetch_canceled", OPERATOR, at("campaigns", Campaign, "cancel-fetch"), prepare=leads_are_fetched
    ),
    f"put {C}/senders": Write("campaign.senders_set", MANAGER, at("campaigns", Campaign, "senders"), {"senders": []}),
    f"post {C}/recipients": Write(
        "campaign.enrolled", OPERATOR, at("campaigns", Campaign, "recipients"), {"everyone": True}
    ),
    f"put {C}/ranking-rules": Write(
        "campaign.ranking_rules_set", OPERATOR, at("campaigns", Campaign, "ranking-rules"), {"rules": POINTS}
    ),
    f"post {C}/ranking": Write(
        "campaign.ranking_asked", OPERATOR, at("campaigns", Campaign, "ranking"), {"everyone": True}, ranks_by_points
    ),
    f"post {C}/recipients/{{id}}/de-enroll": Write(
        "recipient.de_enrolled", OPERATOR, at("campaigns", Campaign, "recipients", Recipient, "de-enroll")
    ),
    f"post {C}/messages/{{id}}/treat-as-sent": Write(
        "message.treated_as_sent",
        MANAGER,
        at("campaigns", Campaign, "messages", Message, "treat-as-sent"),
        prepare=message_is_uncertain,
    ),
    f"post {C}/messages/{{id}}/send-again": Write(
        "message.sent_again",
        MANAGER,
        at("campaigns", Campaign, "messages", Message, "send-again"),
        prepare=message_is_uncertain,
    ),
}


@pytest.fixture(scope="module")
def document() -> Document:
    return Document()


def send(client: Any, operation: str, world: World) -> Any:
    return prepared(client, operation, world)()


def prepared(client: Any, operation: str, world: World, more: str = "", **headers: str) -> Callable[[], Any]:
    """Sends the request, as it is to be in this world, each time it is called."""
    write = WRITES[operation]
    method = operation.partition(" ")[0]
    path = f"/api/v1/{write.path(world)}"
    path += f"{'&' if '?' in path else '?'}{more}" if more else ""
    if operation == "post /api/v1/imports":
        return lambda: client.post(
            path, {"file": SimpleUploadedFile("new.csv", b"email\nnew@acme.example\n")}, format="multipart", **headers
        )
    if operation == "post /api/v1/inbound-mails":
        raw = f"From: a@b.example\nIn-Reply-To: {world[Message].message_id}\nSubject: Re: Hello\n\nYes.\n"
        return lambda: client.post(path, raw, content_type="message/rfc822", **headers)
    body = write.body(world) if callable(write.body) else write.body
    return lambda: getattr(client, method)(path, body, **headers)


def dry_run(client: Any, operation: str, world: World, document: Document) -> int | None:
    """The status of a dry run under the key of what is done next; None where the operation takes none."""
    method, path = operation.split(" ")
    if "dry_run" not in {each["name"] for each in document.schema["paths"][path][method].get("parameters", ())}:
        return None
    answer = prepared(client, operation, world, more="dry_run=true", HTTP_IDEMPOTENCY_KEY="once")()
    assert (answer.get("Dry-Run"), answer.get("Location"), answer.get("ETag")) == ("true", None, None), answer.content
    assert document.faults(method, answer.request["PATH_INFO"], answer) == []
    return answer.status_code


def test_every_writing_operation_of_the_schema_is_tried_here():
    schema = described()
    writing = {
        f"{method} {path}"
        for path, methods in schema["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"}
    }

    assert writing - ASKING - set(ELSEWHERE) == set(WRITES)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_does_nothing_without_its_audit_row_leaves_it_in_the_name_of_the_key_and_is_done_once(
    operation, world, document
):
    WRITES[operation].prepare(world)
    client = key_client(WRITES[operation].role, world.organization)
    seen = AuditLog.objects.latest("pk").pk
    send_it = prepared(client, operation, world, HTTP_IDEMPOTENCY_KEY="once")
    before, queued = world.snapshot(), list(connection.run_on_commit)
    tried = dry_run(client, operation, world, document)

    assert (world.snapshot(), AuditLog.objects.latest("pk").pk, connection.run_on_commit) == (before, seen, queued)

    client.raise_request_exception = False
    with refusing():
        failed = send(client, operation, world)
    client.raise_request_exception = True

    assert (failed.status_code, world.snapshot()) == (500, before)

    answer = send_it()

    assert tried in (None, {201: 200}.get(answer.status_code, answer.status_code))

    assert answer.status_code < 300, answer.content
    assert document.faults(operation.partition(" ")[0], answer.request["PATH_INFO"], answer) == []
    row = AuditLog.objects.get(pk__gt=seen, action=WRITES[operation].action)
    assert (row.actor_kind, row.via, row.organization_ref) == ("key", "api", world.organization.pk)
    assert row.request_id == answer["X-Request-ID"]
    if answer.status_code in {201, 202}:
        assert client.get(answer["Location"]).json()["id"] == answer.json()["id"]

    everything = world.snapshot()
    again = send_it()

    assert (again.status_code, again.getvalue()) == (answer.status_code, answer.getvalue()) or (
        answer["Content-Type"] in FILES and again.json()["code"] == "idempotency_answer_not_kept"
    )
    assert again.get("Idempotency-Replayed") == (None if again.status_code == 409 else "true")
    assert document.faults(operation.partition(" ")[0], again.request["PATH_INFO"], again) == []
    assert world.snapshot() == everything


@pytest.mark.parametrize(
    ("path", "body"), [("suppressions/check", {"addresses": ["a.example"]}), ("segments/preview", {"rules": RULES})]
)
def test_what_only_asks_is_answered_to_a_viewer_and_writes_nothing(path, body, world):
    client = key_client(VIEWER, world.organization)
    before, acts = world.snapshot(), AuditLog.objects.count()

    answer = client.post(f"/api/v1/{path}", body)

    assert answer.status_code == 200, answer.content
    assert (world.snapshot(), AuditLog.objects.count()) == (before, acts)


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_is_refused_to_the_role_below(operation, world):
    WRITES[operation].prepare(world)
    below = VIEWER if WRITES[operation].role == OPERATOR else OPERATOR
    client = key_client(below, world.organization)
    before = world.snapshot()

    answer = send(client, operation, world)

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert world.snapshot() == before
