"""A campaign with something in every table that hangs on it."""

from campaigns.deletion import preview
from campaigns.tests.factories import (
    CampaignDayFactory,
    CampaignFactory,
    CampaignSenderFactory,
    CampaignTallyFactory,
    CampaignUsageFactory,
    DeEnrollmentLogFactory,
    DeEnrollmentRunFactory,
    EventFactory,
    HandedLeadFactory,
    InboundMailFactory,
    InstantlyDayFactory,
    JobFactory,
    LeadEnrichmentFactory,
    LeadNoteFactory,
    LeadRankingFactory,
    LeadUserStatusFactory,
    LeaseFactory,
    LinkFactory,
    MessageFactory,
    OperatorTaskFactory,
    RawLeadFactory,
    RecipientFactory,
    StagedLeadFactory,
    SuppressionFactory,
    VariantFactory,
    VariantVersionFactory,
)
from campaigns_project.audit.actors import Actor, ActorKind

ANA = Actor(kind=ActorKind.USER, name="ana@fairlead.example", id=7, via="admin", ip_address="192.0.2.7")
# What `full_campaign` has; the two recipients have two messages with an event each.
ROWS = {
    "campaigns": 1,
    "steps": 3,
    "variants": 1,
    "variant_versions": 1,
    "campaign_senders": 1,
    "campaign_days": 1,
    "campaign_tallies": 1,
    "campaign_usages": 1,
    "de-enrollments": 1,
    "de-enrollment_runs": 1,
    "leases": 1,
    "links": 1,
    "jobs": 1,
    "recipients": 2,
    "messages": 2,
    "events": 2,
    "incoming_mails": 1,
    "handovers_to_instantly": 1,
    "leads_at_instantly": 1,
    "days_at_instantly": 1,
    "lead_rankings": 1,
    "lead_notes": 1,
    "operator_tasks": 1,
    "lead_user_statuses": 1,
    "suppressions": 1,
    "raw_leads": 1,
    "staged_leads": 2,
    "lead_enrichments": 2,
    "queued_tasks": 0,
}


def full_campaign(**fields):
    campaign = CampaignFactory(**fields)
    CampaignSenderFactory(campaign=campaign)
    VariantVersionFactory(variant=VariantFactory(step__campaign=campaign))
    CampaignTallyFactory(campaign=campaign)
    CampaignDayFactory(campaign=campaign)
    CampaignUsageFactory(campaign=campaign)
    LeaseFactory(campaign=campaign)
    LinkFactory(campaign=campaign)
    JobFactory(campaign=campaign, status="canceled", finished_at=campaign.created_at)
    for _ in range(2):
        message = MessageFactory(recipient=RecipientFactory(campaign=campaign))
        EventFactory(message=message)
    InboundMailFactory(message=message)
    HandedLeadFactory(handover__campaign=campaign, recipient=message.recipient)
    InstantlyDayFactory(campaign=campaign)
    run = DeEnrollmentRunFactory(organization=campaign.organization, campaign=campaign)
    DeEnrollmentLogFactory(run=run, recipient=message.recipient)
    lead = message.recipient.lead
    LeadRankingFactory(campaign=campaign, lead=lead)
    LeadNoteFactory(campaign=campaign, lead=lead)
    LeadUserStatusFactory(campaign=campaign, lead=lead)
    OperatorTaskFactory(organization=campaign.organization, campaign=campaign, lead=lead)
    SuppressionFactory(organization=campaign.organization, campaign_id=campaign.pk)
    raw = RawLeadFactory(organization=campaign.organization, campaign_id=campaign.pk)
    LeadEnrichmentFactory(staged_lead=StagedLeadFactory(raw_lead=raw))
    # Staged without its raw lead's campaign, and the other way round: either way it belongs to the campaign.
    apart = StagedLeadFactory(raw_lead=RawLeadFactory(organization=campaign.organization), campaign_id=campaign.pk)
    LeadEnrichmentFactory(staged_lead=apart, campaign_id=None)
    return campaign


def confirmed(campaign, now, **changes):
    """What a person who saw the preview sends."""
    token = preview(campaign=campaign, now=now).token
    sent = {"confirm_name": campaign.name, "token": token, "reason": "over", "actor": ANA, "now": now}
    return {"campaign": campaign, **sent, **changes}
