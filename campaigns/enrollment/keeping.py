"""Leads that a campaign counts on stay."""

from collections.abc import Collection, Iterable

from campaigns.models import Campaign, LeadNote, LeadUserStatus, OperatorTask, Recipient
from campaigns_project.errors import Refused, StateRefused
from leads.models import Lead

NAMED = 5  # campaigns that the sentence lists; the details have them all


def keep_enrolled(lead: Lead) -> Refused | None:
    """The refusal to delete a lead that is or was in a campaign: its mails would vanish from the campaign's counts."""
    campaigns = Campaign.objects.living().filter(recipients__lead=lead).order_by("pk")
    ids = list(campaigns.values_list("pk", flat=True))
    if not ids:
        return None
    named = ", ".join(map(str, ids[:NAMED])) + (" and others" if len(ids) > NAMED else "")
    return StateRefused(
        "lead_in_campaign",
        f"Lead {lead.pk} is in {'campaign' if len(ids) == 1 else 'campaigns'} {named}, whose counts it belongs to.",
        "To write to this person no more, suppress the address; to end a sequence, de-enroll the recipient.",
        {"campaigns": ids},
    )


def enrolled_among(ids: Collection[int]) -> Iterable[int]:
    """Those of the leads that are or were in a campaign."""
    return Recipient.objects.filter(lead__in=ids).values_list("lead", flat=True).distinct()


def worked_on_among(ids: Collection[int]) -> Iterable[int]:
    """Those of the leads that somebody wrote a note on, said where they stand with, or has a task about."""
    for model in (LeadNote, LeadUserStatus, OperatorTask):
        yield from model.objects.filter(lead__in=ids).order_by().values_list("lead", flat=True)
