"""Everything an organization can have: one row of every model, so that a walk over all addresses meets all of it."""

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

from campaigns import models as campaigns
from campaigns.tests import factories as make
from campaigns_project.accounts import models as accounts
from campaigns_project.accounts.tenancy import Tenanted
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog, AuditSeal
from campaigns_project.audit.record import record
from campaigns_project.audit.sealing import seal
from campaigns_project.idempotency.models import IdempotentRequest
from campaigns_project.webhooks import models as webhooks
from leads import models as leads
from tracking import models as tracking

OURS = (
    "accounts", "audit", "cleanup", "idempotency", "webhooks", "workers", "verification", "runtime",
    "leads", "campaigns", "tracking",
)  # fmt: skip
# Models of ours that belong to no organization, and why that is right.
OF_NOBODY = {
    "accounts.User": "a person may belong to several; only system administrators see the table",
    "accounts.SecondFactor": "a person's own, whichever organizations they belong to",
    "accounts.OrganizationTombstone": "the number of one that is gone, shown nowhere",
    "audit.ChainHead": "the machinery of the chains; the seals tell of them",
    "audit.SealedEntry": "a digest, found by way of its seal",
    "audit.UnsealedEntry": "waits for some seconds, a number alone",
    "tracking.RawEvent": "lives for a second, names a message by number alone, is shown nowhere",
    "cleanup.OrphanReport": "counts over the whole installation, for system administrators",
    "verification.VerificationReport": "speaks of the whole database; only system administrators see it",
    "workers.WorkerHeartbeat": "the machinery of the installation",
    "workers.DutyRun": "the same",
}

# What the engine would have left, so that a verification finds nothing to say of a world.
OPENED = {"status": "sent", "sent_at": make.NOON, "opened_at": make.NOON, "next_send_at": make.NOON}
COUNTERS = dict.fromkeys(
    ("total_recipients", "recipients_reached", "emails_sent", "emails_opened", "active_leads_count"), 1
)


class World:
    """The rows of one organization, by model. `marker` stands in every text that has room for it."""

    def __init__(self, marker: str):
        self.marker = marker
        self.rows: dict[type[Model], Any] = {}
        for model, maker in MAKERS.items():
            self.rows[model] = maker(self)

    def __getitem__(self, model: type[Model]) -> Any:
        return self.rows[model]

    @property
    def organization(self) -> accounts.Organization:
        return self[accounts.Organization]

    def snapshot(self) -> dict[str, Any]:
        """Every row of the organization as it is in the database now, by model; the audit log too."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_prepared_statements WHERE name = 'everything_of_one'")
            if not cursor.fetchone():
                cursor.execute(_everything_of_one())
            cursor.execute("EXECUTE everything_of_one (%s)", [self.organization.pk])
            return dict(cursor.fetchall())


def models_of_tenants() -> list[type[Model]]:
    """Every model of ours but those of OF_NOBODY; a new one has to be in one of the two."""
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]
    return [model for model in ours if model._meta.label not in OF_NOBODY]


@cache
def _everything_of_one() -> str:
    """Prepares a statement for the rows of all models in a connection, to be told the organization.

    One, because hundreds of tests ask twice, and fifty queries take longer than what most of these tests do; prepared,
    because to plan it takes longer than to answer it.
    """
    parts = []
    for model in models_of_tenants():
        rows = model._base_manager.filter(**_in(model, 0)).order_by("pk").values()
        sql, given = rows.query.sql_with_params()
        assert set(given) == {0}, model
        parts.append(f"SELECT '{model._meta.label}', (SELECT json_agg(found) FROM ({sql.replace('%s', '$1')}) found)")
    return "PREPARE everything_of_one (bigint) AS " + " UNION ALL ".join(parts)


def _in(model: type[Model], organization: int) -> dict[str, int]:
    if model is accounts.Organization:
        return {"pk": organization}
    assert issubclass(model, Tenanted), f"{model._meta.label} has no way to its organization: mix Tenanted in."
    return {model.organization_path: organization}


def _tokens(world: World) -> dict[str, Any]:
    """As after an account was connected; but the password counts and hosts may change, since nobody did."""
    application = world[campaigns.OAuthApplication]
    return {"oauth_application": application, "refresh_token": world.marker, "access_token": world.marker}


def _audit_row(world: World) -> AuditLog:
    subject, home = world[campaigns.Campaign], world.organization
    return record(action="campaign.made", entity=subject, organization_id=home.pk, actor=SYSTEM, reason=world.marker)


def _seal(world: World) -> AuditSeal:
    seal(now=make.NOON)
    return AuditSeal.objects.get(chain=world.organization.pk)


def _tombstone(world: World) -> campaigns.CampaignTombstone:
    doomed = make.CampaignFactory(organization=world.organization, name=world.marker)
    pk = doomed.pk
    doomed.delete()
    return campaigns.CampaignTombstone.objects.get(pk=pk)


MAKERS: dict[type[Model], Callable[[World], Any]] = {
    accounts.Organization: lambda w: make.OrganizationFactory(name=w.marker, slug=w.marker, postal_address=w.marker),
    accounts.Membership: lambda w: make.MembershipFactory(
        organization=w.organization, user__email=f"owner@{w.marker}.example", user__name=w.marker
    ),
    accounts.SecondFactor: lambda w: make.SecondFactorFactory(user=w[accounts.Membership].user),
    accounts.ServiceAccount: lambda w: make.ServiceAccountFactory(organization=w.organization, name=w.marker),
    IdempotentRequest: lambda w: make.IdempotentRequestFactory(
        organization=w.organization, user=w[accounts.ServiceAccount].user, path=f"/{w.marker}", body=w.marker
    ),
    leads.Tag: lambda w: make.TagFactory(organization=w.organization, name=w.marker),
    leads.LeadImport: lambda w: make.LeadImportFactory(
        organization=w.organization, file_name=f"{w.marker}.csv", options={"header": ["email"], "targets": ["email"]}
    ),
    leads.LeadImportPart: lambda w: leads.LeadImportPart.objects.create(
        lead_import=w[leads.LeadImport], number=0, content=w.marker.encode()
    ),
    leads.Lead: lambda w: make.LeadFactory(
        organization=w.organization, email=f"lead@{w.marker}.example", company=w.marker
    ),
    leads.LeadTag: lambda w: make.LeadTagFactory(lead=w[leads.Lead], tag=w[leads.Tag]),
    leads.Suppression: lambda w: make.SuppressionFactory(
        organization=w.organization, address=f"out@{w.marker}.example", source=w.marker
    ),
    leads.RawLead: lambda w: make.RawLeadFactory(
        lead_import=w[leads.LeadImport], external_id=w.marker, payload={"name": w.marker}
    ),
    leads.StagedLead: lambda w: make.StagedLeadFactory(
        raw_lead=w[leads.RawLead], lead=w[leads.Lead], fields={"company": w.marker}
    ),
    leads.LeadEnrichment: lambda w: make.LeadEnrichmentFactory(
        staged_lead=w[leads.StagedLead], result={"title": w.marker}
    ),
    leads.LeadAlias: lambda w: make.LeadAliasFactory(lead=w[leads.Lead], email_normalized=f"old@{w.marker}.example"),
    leads.LeadChange: lambda w: make.LeadChangeFactory(lead=w[leads.Lead], changes={"company": ["", w.marker]}),
    leads.ImportMapping: lambda w: make.ImportMappingFactory(
        organization=w.organization, header=[w.marker], file_name=f"{w.marker}.csv"
    ),
    leads.Segment: lambda w: make.SegmentFactory(organization=w.organization, name=w.marker),
    leads.SegmentMember: lambda w: make.SegmentMemberFactory(segment=w[leads.Segment], lead=w[leads.Lead]),
    leads.ProviderAccount: lambda w: make.ProviderAccountFactory(organization=w.organization, api_key=w.marker),
    leads.ProviderPurchase: lambda w: make.ProviderPurchaseFactory(
        organization=w.organization, external_id=w.marker, payload={"name": w.marker}
    ),
    leads.EnrichmentProfile: lambda w: make.EnrichmentProfileFactory(
        organization=w.organization, name=w.marker, prompt=w.marker, api_key=w.marker
    ),
    webhooks.WebhookEndpoint: lambda w: make.WebhookEndpointFactory(
        organization=w.organization,
        description=w.marker,
        url=f"https://{w.marker}.example/in?token={w.marker}",
        previous_secret=w.marker,
        previous_secret_until=make.NOON,
    ),
    webhooks.WebhookDelivery: lambda w: make.WebhookDeliveryFactory(
        endpoint=w[webhooks.WebhookEndpoint],
        payload={"email": f"lead@{w.marker}.example"},
        response_body=w.marker,
        ended=True,
    ),
    campaigns.EmailTemplate: lambda w: make.EmailTemplateFactory(organization=w.organization, name=w.marker),
    campaigns.TemplateVersion: lambda w: make.TemplateVersionFactory(
        template=w[campaigns.EmailTemplate], subject=w.marker
    ),
    campaigns.OAuthApplication: lambda w: make.OAuthApplicationFactory(
        organization=w.organization, name=w.marker, client_id=w.marker, client_secret=w.marker
    ),
    campaigns.Mailbox: lambda w: make.MailboxFactory(
        organization=w.organization,
        name=w.marker,
        host=f"imap.{w.marker}.example",
        username=f"ada@{w.marker}.example",
        **_tokens(w),
    ),
    campaigns.Sender: lambda w: make.SenderFactory(
        organization=w.organization,
        email=f"sender@{w.marker}.example",
        name=w.marker,
        password="hunter2",
        **_tokens(w),
    ),
    campaigns.CampaignPlan: lambda w: make.CampaignPlanFactory(
        organization=w.organization, name=w.marker, goal=w.marker, target_metric="replies", target_value=40
    ),
    campaigns.Campaign: lambda w: make.CampaignFactory(
        organization=w.organization,
        campaign_id=w.marker,
        name=w.marker,
        running=True,
        plan=w[campaigns.CampaignPlan],
        **COUNTERS,
    ),
    campaigns.CampaignSender: lambda w: make.CampaignSenderFactory(
        campaign=w[campaigns.Campaign], sender=w[campaigns.Sender]
    ),
    campaigns.Step: lambda w: make.StepFactory(campaign=w[campaigns.Campaign]),
    campaigns.Variant: lambda w: make.VariantFactory(step=w[campaigns.Step], subject=w.marker),
    campaigns.VariantVersion: lambda w: make.VariantVersionFactory(variant=w[campaigns.Variant], subject=w.marker),
    campaigns.SenderUsage: lambda w: make.SenderUsageFactory(sender=w[campaigns.Sender]),
    campaigns.CampaignUsage: lambda w: make.CampaignUsageFactory(campaign=w[campaigns.Campaign]),
    campaigns.CampaignTally: lambda w: make.CampaignTallyFactory(campaign=w[campaigns.Campaign]),
    tracking.CampaignDay: lambda w: make.CampaignDayFactory(campaign=w[campaigns.Campaign]),
    campaigns.Lease: lambda w: make.LeaseFactory(campaign=w[campaigns.Campaign]),
    campaigns.SendingHalt: lambda w: make.SendingHaltFactory(
        organization=w.organization, reason=w.marker, lifted_at=make.NOON, lifted_by=w.marker
    ),
    campaigns.Recipient: lambda w: make.RecipientFactory(
        campaign=w[campaigns.Campaign], lead=w[leads.Lead], next_step=w[campaigns.Step], **OPENED
    ),
    campaigns.Message: lambda w: make.MessageFactory(
        recipient=w[campaigns.Recipient],
        step=w[campaigns.Step],
        variant=w[campaigns.Variant],
        message_id=f"<1@{w.marker}.example>",
        subject=w.marker,
        merge_values={"first_name": w.marker, "postal_address": w.marker},
    ),
    campaigns.InstantlyAccount: lambda w: make.InstantlyAccountFactory(
        organization=w.organization, api_key=w.marker, webhook_secret=w.marker, workspace_name=w.marker
    ),
    campaigns.Handover: lambda w: make.HandoverFactory(
        campaign=w[campaigns.Campaign],
        account=w[campaigns.InstantlyAccount],
        mailboxes=[f"anna@{w.marker}.example"],
        mark=w.marker,
        content={"name": w.marker},
    ),
    campaigns.HandedLead: lambda w: make.HandedLeadFactory(
        # Of one who was erased: each recipient has one at most, and tests let rows change places.
        handover=w[campaigns.Handover],
        recipient=None,
        external_id=w.marker,
    ),
    campaigns.InstantlyDay: lambda w: make.InstantlyDayFactory(campaign=w[campaigns.Campaign]),
    campaigns.DeEnrollmentRun: lambda w: make.DeEnrollmentRunFactory(
        organization=w.organization, campaign=w[campaigns.Campaign], reason=w.marker, asked_by=w.marker
    ),
    campaigns.DeEnrollmentLog: lambda w: make.DeEnrollmentLogFactory(
        run=w[campaigns.DeEnrollmentRun], recipient=w[campaigns.Recipient]
    ),
    campaigns.Link: lambda w: make.LinkFactory(
        campaign=w[campaigns.Campaign], url=f"https://{w.marker}.example/", url_hash=f"{w.marker:0>64}"
    ),
    campaigns.Job: lambda w: make.JobFactory(campaign=w[campaigns.Campaign], created_by=w.marker),
    campaigns.LeadRanking: lambda w: make.LeadRankingFactory(
        campaign=w[campaigns.Campaign], lead=w[leads.Lead], reasons={w.marker: 10}
    ),
    campaigns.LeadNote: lambda w: make.LeadNoteFactory(
        lead=w[leads.Lead], campaign=w[campaigns.Campaign], text=w.marker
    ),
    campaigns.LeadUserStatus: lambda w: make.LeadUserStatusFactory(
        lead=w[leads.Lead], campaign=w[campaigns.Campaign], user=w[accounts.Membership].user
    ),
    campaigns.CalendarItem: lambda w: make.CalendarItemFactory(
        organization=w.organization, title=w.marker, note=w.marker, starts_on=date(2030, 12, 24), blackout=True
    ),
    campaigns.CalendarFeed: lambda w: make.CalendarFeedFactory(
        organization=w.organization, user=w[accounts.Membership].user
    ),
    campaigns.OperatorTask: lambda w: make.OperatorTaskFactory(
        organization=w.organization,
        title=w.marker,
        note=w.marker,
        checklist=[{"text": w.marker, "done": False}],
        campaign=w[campaigns.Campaign],
        lead=w[leads.Lead],
        assignee=w[accounts.Membership].user,
        due_at=make.NOON,
    ),
    campaigns.MetricDefinition: lambda w: make.MetricDefinitionFactory(organization=w.organization, name=w.marker),
    campaigns.MetricEntry: lambda w: make.MetricEntryFactory(metric=w[campaigns.MetricDefinition], note=w.marker),
    campaigns.CampaignTombstone: _tombstone,
    tracking.EmailEvent: lambda w: make.EventFactory(message=w[campaigns.Message], user_agent=w.marker),
    tracking.InboundWebhook: lambda w: make.InboundWebhookFactory(
        sender=w[campaigns.Sender], event={"RecordType": "Delivery", "MessageID": w.marker}
    ),
    tracking.InboundMail: lambda w: make.InboundMailFactory(
        message=w[campaigns.Message], mailbox=w[campaigns.Mailbox], text=w.marker, subject=w.marker, why=w.marker
    ),
    AuditLog: _audit_row,
    AuditSeal: _seal,
}
