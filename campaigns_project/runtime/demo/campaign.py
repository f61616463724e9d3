"""The demo's two-step campaign."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.text import slugify

from campaigns import steps
from campaigns.models import Campaign, EmailTemplate, Sender, WaitUnit
from campaigns.naming import free_campaign_id
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.runtime.demo.content import FOLLOW_UP, INTRODUCTION, TEMPLATE, wording

POSTAL_ADDRESS = "Pier 4, 1 Quay Street, 110 00 Prague, Czechia"


def make_campaign(
    *,
    organization: Organization,
    name: str,
    senders: Sequence[Sender],
    wait: tuple[int, WaitUnit],
    actor: Actor,
    now: datetime,
) -> Campaign:
    """A draft with an introduction, a follow-up after `wait`, and these senders."""
    campaign = Campaign.objects.create(organization=organization, campaign_id=_campaign_id(name, now), name=name)
    record(
        action="campaign.created",
        entity=campaign,
        organization_id=organization.pk,
        actor=actor,
        after={"name": name, "campaign_id": campaign.campaign_id},
    )
    amount, unit = wait
    begun = EmailTemplate.objects.for_organization(campaign.organization).filter(name=TEMPLATE).first()
    for number, of, words in ((0, WaitUnit.DAYS, INTRODUCTION), (amount, unit, FOLLOW_UP)):
        template = begun if words == INTRODUCTION else None
        steps.add_step(
            campaign=campaign,
            wait_amount=number,
            wait_unit=of,
            wording=wording(words),
            template=template,
            actor=actor,
        )
    steps.set_senders(campaign=campaign, senders=senders, actor=actor)
    return campaign


def _campaign_id(name: str, now: datetime) -> str:
    """The name's own; with the day, where an earlier demo used that up."""
    free = free_campaign_id(name)
    return free if free == slugify(name) else free_campaign_id(f"{name} {now:%Y-%m-%d}")


def demo_sender(organization: Organization, *, name: str = "Marta Quay", email: str = "marta@harbor.example") -> Sender:
    """The organization's demo sender, made on first use. Its host does not exist: the demo lives in the sandbox."""
    return Sender.objects.get_or_create(
        organization=organization, email=email, defaults={"name": name, "host": "smtp.harbor.example"}
    )[0]


def demo_organization(slug: str, name: str) -> Organization:
    """An organization of the demo, made on first use."""
    return Organization.objects.get_or_create(
        slug=slug, defaults={"name": name, "postal_address": POSTAL_ADDRESS, "is_demo": True}
    )[0]


def started_name(prefix: str, now: datetime) -> str:
    """A name that tells runs apart."""
    return f"{prefix} {now:%d %b %Y %H:%M:%S}"
