"""Real rows for tests, by factory-boy. Shared by every app above."""

from datetime import UTC, date, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from campaigns import models as campaigns
from campaigns_project.accounts import models as accounts
from campaigns_project.accounts.roles import Role
from campaigns_project.idempotency.models import IdempotentRequest
from campaigns_project.webhooks import models as webhooks
from campaigns_project.webhooks.signing import new_secret
from leads import models as leads
from tracking import models as tracking

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")
    postal_address = "1 Quay Street, 110 00 Prague"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = accounts.User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@fairlead.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password("correct horse battery")


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Membership

    user = factory.SubFactory(UserFactory)
    organization = factory.SubFactory(OrganizationFactory)
    role = Role.OWNER


class SecondFactorFactory(DjangoModelFactory):
    class Meta:
        model = accounts.SecondFactor

    user = factory.SubFactory(UserFactory)
    key = "3132333435363738393031323334353637383930"  # of the examples in RFC 6238
    confirmed = True


class ServiceAccountFactory(DjangoModelFactory):
    class Meta:
        model = accounts.ServiceAccount

    user = factory.SubFactory(UserFactory, is_staff=False)
    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"integration {n}")
    role = Role.MANAGER


class IdempotentRequestFactory(DjangoModelFactory):
    class Meta:
        model = IdempotentRequest

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    key_digest = factory.Sequence(lambda n: f"{n:064}")
    method = "POST"
    path = "/api/v1/leads"
    fingerprint = factory.Sequence(lambda n: f"{n:064}")
    request_id = factory.Sequence(lambda n: f"request-{n}")
    acts_after = 0
    status = "answered"
    answered_at = NOON
    response_status = 201
    headers = factory.LazyFunction(lambda: {"Content-Type": "application/json"})
    body = '{"email": "ana@acme.example"}'


class LeadFactory(DjangoModelFactory):
    class Meta:
        model = leads.Lead

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"lead{n}@example.com")
    email_normalized = factory.LazyAttribute(lambda lead: lead.email.lower())
    first_name = "Ana"
    last_name = factory.Sequence(lambda n: f"Marin {n}")
    company = "Acme"


class TagFactory(DjangoModelFactory):
    class Meta:
        model = leads.Tag

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"tag {n}")


class LeadTagFactory(DjangoModelFactory):
    class Meta:
        model = leads.LeadTag

    lead = factory.SubFactory(LeadFactory)
    tag = factory.SubFactory(TagFactory, organization=factory.SelfAttribute("..lead.organization"))


class SuppressionFactory(DjangoModelFactory):
    class Meta:
        model = leads.Suppression

    organization = factory.SubFactory(OrganizationFactory)
    address = factory.Sequence(lambda n: f"out{n}@example.com")


class LeadImportFactory(DjangoModelFactory):
    class Meta:
        model = leads.LeadImport

    organization = factory.SubFactory(OrganizationFactory)
    file_name = "leads.csv"


def _import_that_is_over(organization: accounts.Organization | None) -> leads.LeadImport:
    of = {"organization": organization} if organization else {}
    return LeadImportFactory(status="succeeded", finished_at=NOON, **of)


class RawLeadFactory(DjangoModelFactory):
    class Meta:
        model = leads.RawLead

    class Params:
        organization = None

    lead_import = factory.LazyAttribute(lambda raw: _import_that_is_over(raw.organization))
    row_number = factory.Sequence(lambda n: n + 2)
    payload = factory.Sequence(lambda n: {"E-mail": f"raw{n}@example.com"})


class StagedLeadFactory(DjangoModelFactory):
    class Meta:
        model = leads.StagedLead

    raw_lead = factory.SubFactory(RawLeadFactory)
    lead_import = factory.SelfAttribute("raw_lead.lead_import")
    row_number = factory.SelfAttribute("raw_lead.row_number")
    campaign_id = factory.SelfAttribute("raw_lead.campaign_id")
    email_normalized = factory.Sequence(lambda n: f"staged{n}@example.com")


class LeadEnrichmentFactory(DjangoModelFactory):
    class Meta:
        model = leads.LeadEnrichment

    staged_lead = factory.SubFactory(StagedLeadFactory)
    campaign_id = factory.SelfAttribute("staged_lead.campaign_id")
    provider = "http"


class LeadAliasFactory(DjangoModelFactory):
    class Meta:
        model = leads.LeadAlias

    lead = factory.SubFactory(LeadFactory)
    organization = factory.SelfAttribute("lead.organization")
    old_id = factory.Sequence(lambda n: 10**12 + n)
    email_normalized = factory.Sequence(lambda n: f"old{n}@example.com")


class LeadChangeFactory(DjangoModelFactory):
    class Meta:
        model = leads.LeadChange

    lead = factory.SubFactory(LeadFactory)
    changes = factory.LazyFunction(lambda: {"company": ["Acme", "Acme GmbH"]})
    source = "person"


class ImportMappingFactory(DjangoModelFactory):
    class Meta:
        model = leads.ImportMapping

    organization = factory.SubFactory(OrganizationFactory)
    header_hash = factory.Sequence(lambda n: f"{n:064x}")
    header = factory.LazyFunction(lambda: ["Mail"])
    mapping = factory.LazyFunction(lambda: {"Mail": "email"})
    file_name = "leads.csv"
    used_at = NOON


class SegmentFactory(DjangoModelFactory):
    class Meta:
        model = leads.Segment

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Segment {n}")


class SegmentMemberFactory(DjangoModelFactory):
    class Meta:
        model = leads.SegmentMember

    segment = factory.SubFactory(SegmentFactory)
    lead = factory.SubFactory(LeadFactory, organization=factory.SelfAttribute("..segment.organization"))


class ProviderAccountFactory(DjangoModelFactory):
    class Meta:
        model = leads.ProviderAccount

    organization = factory.SubFactory(OrganizationFactory)
    provider = "apollo"
    api_key = "apollo-key"


class ProviderPurchaseFactory(DjangoModelFactory):
    class Meta:
        model = leads.ProviderPurchase

    organization = factory.SubFactory(OrganizationFactory)
    provider = "apollo"
    external_id = factory.Sequence(lambda n: f"{n:024x}")


class EnrichmentProfileFactory(DjangoModelFactory):
    class Meta:
        model = leads.EnrichmentProfile

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Profile {n}")
    url = "https://llm.example.com/v1"
    model = "small"
    prompt = "What does {{ company }} do?"
    fields = factory.LazyFunction(lambda: ["custom.business"])


class EmailTemplateFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.EmailTemplate

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Template {n}")
    subject = "Hello {{ first_name }}"
    body_html = "<p>Hello {{ first_name }}</p>"


class TemplateVersionFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.TemplateVersion

    template = factory.SubFactory(EmailTemplateFactory)
    version = factory.LazyAttribute(lambda version: version.template.versions.count() + 1)
    subject = "Hello {{ first_name }}"
    body_html = factory.LazyAttribute(lambda version: f"<p>Version {version.version}</p>")


class SenderFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Sender

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"sender{n}@fairlead.example")
    name = "Petr Sender"


class MailboxFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Mailbox

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Mailbox {n}")
    host = "imap.fairlead.example"
    username = "ada"
    password = "hunter2-of-ada"


class OAuthApplicationFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.OAuthApplication

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Application {n}")
    client_id = "fairlead-here"
    client_secret = "secret-of-the-client"


class CampaignFactory(DjangoModelFactory):
    """A draft; `running=True` gives one that was started at noon."""

    class Meta:
        model = campaigns.Campaign

    class Params:
        running = factory.Trait(status="running", started_at=NOON)

    organization = factory.SubFactory(OrganizationFactory)
    campaign_id = factory.Sequence(lambda n: f"campaign-{n}")
    name = factory.Sequence(lambda n: f"Campaign {n}")


class CampaignSenderFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CampaignSender

    campaign = factory.SubFactory(CampaignFactory)
    sender = factory.SubFactory(SenderFactory, organization=factory.SelfAttribute("..campaign.organization"))


class StepFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Step

    campaign = factory.SubFactory(CampaignFactory)
    position = factory.LazyAttribute(lambda step: step.campaign.steps.count() + 1)


class VariantFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Variant

    step = factory.SubFactory(StepFactory)
    label = "A"
    subject = "Hello {{ first_name }}"
    body_html = '<p>Hello {{ first_name }}, see <a href="https://acme.example/demo">this</a>.</p>'


class VariantVersionFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.VariantVersion

    variant = factory.SubFactory(VariantFactory)
    version = 1
    subject = "Hello {{ first_name }}"
    body_html = "<p>Hello {{ first_name }}</p>"


class SenderUsageFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.SenderUsage

    sender = factory.SubFactory(SenderFactory)
    scope = "day"
    starts_at = NOON
    used = 1


class CampaignUsageFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CampaignUsage

    campaign = factory.SubFactory(CampaignFactory)
    scope = "day"
    starts_at = NOON
    used = 1


class SendingHaltFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.SendingHalt

    organization = factory.SubFactory(OrganizationFactory)
    reason = "wrong list"
    halted_by = "Ana"
    halted_at = NOON


class RecipientFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Recipient

    campaign = factory.SubFactory(CampaignFactory)
    lead = factory.SubFactory(LeadFactory, organization=factory.SelfAttribute("..campaign.organization"))
    email_address = factory.LazyAttribute(lambda recipient: recipient.lead.email)


class LeaseFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Lease

    campaign = factory.SubFactory(CampaignFactory)
    recipients = factory.LazyFunction(list)
    until = NOON


class CampaignTallyFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CampaignTally

    campaign = factory.SubFactory(CampaignFactory)
    kind = "ledger"


class CampaignDayFactory(DjangoModelFactory):
    class Meta:
        model = tracking.CampaignDay

    campaign = factory.SubFactory(CampaignFactory)
    day = NOON.date()
    sent = 1


class DeEnrollmentRunFactory(DjangoModelFactory):
    """A run that has ended."""

    class Meta:
        model = campaigns.DeEnrollmentRun

    organization = factory.SubFactory(OrganizationFactory)
    status = "succeeded"
    created_at = NOON
    started_at = NOON
    finished_at = NOON


class DeEnrollmentLogFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.DeEnrollmentLog

    recipient = factory.SubFactory(RecipientFactory)
    run = factory.SubFactory(
        DeEnrollmentRunFactory, organization=factory.SelfAttribute("..recipient.campaign.organization")
    )
    reason = "unsubscribed"
    trigger_at = NOON
    outcome = "already_out"
    settled_at = NOON


def _lease_of(message: Any) -> int:
    recipient = message.recipient
    return LeaseFactory(campaign=recipient.campaign, recipients=[recipient.pk], until=message.leased_until).pk


class MessageFactory(DjangoModelFactory):
    """A sent message; `in_hand=True` gives one that was claimed, under a lease `leased_until` then."""

    class Meta:
        model = campaigns.Message

    class Params:
        leased_until = NOON
        in_hand = factory.Trait(status="claimed", sent_at=None, claimed_at=NOON, lease=factory.LazyAttribute(_lease_of))

    recipient = factory.SubFactory(RecipientFactory)
    step = factory.SubFactory(StepFactory, campaign=factory.SelfAttribute("..recipient.campaign"))
    status = "sent"
    sent_at = NOON
    attempted_at = NOON
    message_id = factory.Sequence(lambda n: f"<made.{n}@fairlead.example>")


class InstantlyAccountFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.InstantlyAccount

    organization = factory.SubFactory(OrganizationFactory)
    api_key = "master-key"
    webhook_secret = "secret-of-webhooks"


class HandoverFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Handover

    campaign = factory.SubFactory(CampaignFactory)
    account = factory.SubFactory(InstantlyAccountFactory, organization=factory.SelfAttribute("..campaign.organization"))
    mailboxes = factory.LazyFunction(lambda: ["anna@sender.example"])
    mark = factory.Sequence(lambda n: f"fairlead-{n:016x}")


class HandedLeadFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.HandedLead

    handover = factory.SubFactory(HandoverFactory)
    recipient = factory.SubFactory(RecipientFactory, campaign=factory.SelfAttribute("..handover.campaign"))
    status = "held"
    external_id = factory.Sequence(lambda n: f"0198c000-0000-7000-8000-{n:012d}")


class InstantlyDayFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.InstantlyDay

    campaign = factory.SubFactory(CampaignFactory)
    day = NOON.date()
    figures = factory.LazyFunction(lambda: {"sent": 40})


class LinkFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Link

    campaign = factory.SubFactory(CampaignFactory)
    url = factory.Sequence(lambda n: f"https://acme.example/page/{n}")
    url_hash = factory.Sequence(lambda n: f"{n:064d}")


class JobFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.Job

    campaign = factory.SubFactory(CampaignFactory)
    organization = factory.SelfAttribute("campaign.organization")
    kind = "enroll"


class EventFactory(DjangoModelFactory):
    class Meta:
        model = tracking.EmailEvent

    message = factory.SubFactory(MessageFactory)
    campaign_recipient = factory.SelfAttribute("message.recipient")
    event_type = "open"
    source = "pixel"
    created_at = NOON


class InboundWebhookFactory(DjangoModelFactory):
    """One that was put aside, since nobody knows its mail."""

    class Meta:
        model = tracking.InboundWebhook

    sender = factory.SubFactory(SenderFactory)
    organization = factory.SelfAttribute("sender.organization")
    service = "postmark"
    status = "quarantined"
    reason = "unknown_message"
    event = factory.LazyFunction(lambda: {"RecordType": "SpamComplaint", "Email": "nobody@elsewhere.example"})
    digest = factory.Sequence(lambda n: f"{n:064x}")
    put_aside = 1
    received_at = NOON
    settled_at = NOON


class InboundMailFactory(DjangoModelFactory):
    """A reply to a mail of ours."""

    class Meta:
        model = tracking.InboundMail

    message = factory.SubFactory(MessageFactory)
    recipient = factory.SelfAttribute("message.recipient")
    organization = factory.SelfAttribute("recipient.campaign.organization")
    identity = factory.Sequence(lambda n: f"{n:064x}")
    kind = "reply"
    matched_by = "message_id"
    from_address = factory.SelfAttribute("recipient.email_address")
    subject = "Re: Hello"
    text = "Yes, please."
    received_at = NOON


class LeadRankingFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.LeadRanking

    campaign = factory.SubFactory(CampaignFactory)
    lead = factory.SubFactory(LeadFactory, organization=factory.SelfAttribute("..campaign.organization"))
    score = 10
    rank = factory.Sequence(lambda n: n + 1)
    reasons = factory.LazyFunction(lambda: {"title": 10})
    computed_at = NOON


class LeadNoteFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.LeadNote

    lead = factory.SubFactory(LeadFactory)
    text = "Call back in spring."


class LeadUserStatusFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.LeadUserStatus

    lead = factory.SubFactory(LeadFactory)
    user = factory.SubFactory(UserFactory)
    status = "to_do"


class WebhookEndpointFactory(DjangoModelFactory):
    class Meta:
        model = webhooks.WebhookEndpoint

    organization = factory.SubFactory(OrganizationFactory)
    url = "https://hooks.example.com/in?token=s3cret"
    shown_url = factory.LazyAttribute(lambda endpoint: endpoint.url.partition("?")[0])
    secret = factory.LazyFunction(new_secret)


class WebhookDeliveryFactory(DjangoModelFactory):
    class Meta:
        model = webhooks.WebhookDelivery

    endpoint = factory.SubFactory(WebhookEndpointFactory)
    event_id = factory.Sequence(lambda n: f"evt_{n:032}")
    event_type = "recipient.replied"
    occurred_at = NOON
    payload = factory.LazyFunction(lambda: {"email": "ana@acme.example"})
    status = "waiting"
    next_try_at = NOON

    class Params:
        ended = factory.Trait(status="failed", attempts=8, next_try_at=None, finished_at=NOON, error="No answer.")


class CampaignPlanFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CampaignPlan

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Plan {n}")
    starts_on = date(2026, 11, 1)
    ends_on = date(2026, 12, 31)


class CalendarItemFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CalendarItem

    class Params:
        blackout = factory.Trait(kind="blackout")

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"Item {n}")
    starts_on = date(2026, 11, 20)
    ends_on = factory.SelfAttribute("starts_on")


class CalendarFeedFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.CalendarFeed

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)


class OperatorTaskFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.OperatorTask

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"Task {n}")


class MetricDefinitionFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.MetricDefinition

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Metric {n}")


class MetricEntryFactory(DjangoModelFactory):
    class Meta:
        model = campaigns.MetricEntry

    metric = factory.SubFactory(MetricDefinitionFactory)
    date = date(2026, 11, 20)
    value = 3
