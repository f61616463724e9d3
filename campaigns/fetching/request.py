"""A person asks for a fetch, or ends one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.errors import StateConflict
from campaigns.fetching.opened import end_fetch, open_fetch, queue_fetch
from campaigns.fetching.source import fetch_under_way, set_lead_source
from campaigns.models import Campaign, CampaignStatus, Job
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, StateRefused
from campaigns_project.states import ProgressStatus
from leads.providers.registry import provider_for


@transaction.atomic
def request_fetch(*, campaign: Campaign, source: Mapping[str, Any] | None = None, actor: Actor, now: datetime) -> Job:
    """Have a worker fetch people by the campaign's lead source and enroll them; the campaign's state stays.

    A `source`, as `set_lead_source` takes it, becomes the campaign's before. Refused, and nothing changed, without any,
    without a key for its provider, for a campaign that has ended, and while a fetch is under way.
    """
    if source is not None:
        set_lead_source(campaign=campaign, **source, actor=actor, now=now)
    current = _held(campaign)
    if current.status not in CampaignStatus.editable:
        raise StateConflict("enroll", current.status)
    if not current.lead_source:
        message = "The campaign has no lead source."
        raise StateRefused("no_lead_source", message, "Set one: the address of a search, or filters, and a count.")
    job = open_fetch(current)
    if job is not None:
        raise fetch_under_way(job.pk)
    provider_for(organization=current.organization, name=current.lead_source["provider"])
    job = queue_fetch(current, actor=actor, now=now)
    _tell(current, "fetch_requested", job, actor)
    return job


@transaction.atomic
def cancel_fetch(*, campaign: Campaign, actor: Actor, now: datetime) -> Job:
    """End the fetch that is under way; people who were enrolled stay. Refused where none is.

    One that the campaign's start waits for is ended by pausing or stopping the campaign.
    """
    current = _held(campaign)
    job = open_fetch(current)
    if job is None:
        raise StateRefused("no_fetch", "No leads are being fetched for this campaign.", "Nothing to cancel.")
    if job.state.get("then_send"):
        message = "The start of the campaign waits for this fetch."
        raise StateRefused("fetch_is_awaited", message, "Pause or stop the campaign: that ends the fetch too.")
    end_fetch(job, ProgressStatus.CANCELED, error_message=f"Canceled by {actor.name}.")
    _tell(current, "fetch_canceled", job, actor)
    return Job.objects.get(pk=job.pk)


def _held(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.living().select_related("organization")
    current = rows.select_for_update(no_key=True, of=("self",)).filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    return current


def _tell(campaign: Campaign, act: str, job: Job, actor: Actor) -> None:
    record(
        action=f"campaign.{act}",
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"job": job.pk, "count": job.total},
    )
