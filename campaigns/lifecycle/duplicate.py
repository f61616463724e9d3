"""A new draft with the content and settings of a campaign, never its people."""

from datetime import datetime

from django.db import transaction

from campaigns.models import Campaign, CampaignSender, Handover, Step, Variant
from campaigns.naming import free_campaign_id
from campaigns.providers.instantly.choose import new_mark
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused

COPIED = (
    "description", "plan_id", "template_id", "timezone", "sending_days", "window_start", "window_end",
    "window_zone", "holidays", "counts_sending_days", "daily_limit", "daily_new_leads", "track_opens", "track_clicks",
    "stop_on_reply", "stop_on_booking", "priority", "is_automatic", "standing_audience",
)  # fmt: skip
WORDING = ("label", "weight", "is_active", "subject", "preheader", "body_html", "body_text", "template_id")


@transaction.atomic
def duplicate(*, campaign: Campaign, name: str, actor: Actor, now: datetime) -> Campaign:
    """A draft called `name` with the same steps, variants, senders and settings; no recipients, no history.

    The copy of an automatic campaign is switched off: two that are on would take people from each other.
    """
    name = name.strip()
    if not name:
        raise Refused("name_missing", "The copy needs a name.")
    copy = Campaign.objects.create(
        organization_id=campaign.organization_id,
        campaign_id=free_campaign_id(name),
        name=name,
        created_by_id=actor.id,
        is_active=not campaign.is_automatic,
        deactivated_at=now if campaign.is_automatic else None,
        **{field: getattr(campaign, field) for field in COPIED},
    )
    for step in campaign.steps.prefetch_related("variants"):
        _copy_step(step, copy)
    _copy_handover(campaign, copy)
    senders = campaign.campaign_senders.values_list("sender_id", flat=True)
    CampaignSender.objects.bulk_create([CampaignSender(campaign=copy, sender_id=sender) for sender in senders])
    record(
        action="campaign.created",
        entity=copy,
        organization_id=copy.organization_id,
        actor=actor,
        after={"copy_of": campaign.pk, "name": name},
    )
    return copy


def _copy_handover(campaign: Campaign, copy: Campaign) -> None:
    """By the same mailboxes at Instantly; what was made there is copied by nobody."""
    handover = Handover.objects.filter(campaign=campaign).first()
    if handover is not None and not campaign.auto_discovered:
        Handover.objects.create(
            campaign=copy, account_id=handover.account_id, mailboxes=handover.mailboxes, mark=new_mark()
        )
        Campaign.objects.filter(pk=copy.pk).update(delivered_by=campaign.delivered_by)
        copy.refresh_from_db()


def _copy_step(step: Step, copy: Campaign) -> None:
    made = Step.objects.create(
        campaign=copy,
        position=step.position,
        wait_amount=step.wait_amount,
        wait_unit=step.wait_unit,
        in_thread=step.in_thread,
    )
    Variant.objects.bulk_create(
        [Variant(step=made, **{field: getattr(variant, field) for field in WORDING}) for variant in step.variants.all()]
    )
