"""The part of an export that is no table: the campaign itself with its sequence, senders, limits and jobs, as JSON."""

from typing import Any

from django.db.models import Model

from campaigns.models import Campaign, Handover, Job
from campaigns_project.encryption import is_secret
from campaigns_project.errors import NotFound

# What is told of a sender: it stays, and how it signs in is nobody's business.
_OF_SENDER = ("id", "email", "name")


def campaign_content(campaign_id: int) -> dict[str, Any]:
    """Everything a campaign was made of, by the names of the columns. Never a secret. NotFound when it is gone."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound("not_found", f"There is no campaign {campaign_id} any more.")
    return {
        "campaign": _told(campaign),
        "steps": [_step(step) for step in campaign.steps.prefetch_related("variants__versions").order_by("position")],
        "senders": list(campaign.campaign_senders.order_by("pk").values(*(f"sender__{name}" for name in _OF_SENDER))),
        "delivery": [_told(handover) for handover in Handover.objects.filter(campaign=campaign)],
        "usage": [_told(used) for used in campaign.usage.order_by("pk")],
        "jobs": [_told(job) for job in Job.objects.filter(campaign=campaign).order_by("pk")],
    }


def _step(step: Any) -> dict[str, Any]:
    variants = [
        {**_told(variant), "versions": [_told(version) for version in variant.versions.all()]}
        for variant in step.variants.all()
    ]
    return {**_told(step), "variants": variants}


def _told(row: Model) -> dict[str, Any]:
    return {
        field.attname: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if not is_secret(row, field.name)
    }
