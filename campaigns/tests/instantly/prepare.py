"""Short words for campaigns that Instantly delivers."""

from datetime import datetime, timedelta
from typing import Any

from campaigns import lifecycle
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, DeliveredBy
from campaigns.providers.instantly.choose import choose_delivery
from campaigns.providers.instantly.work import work_on
from campaigns.tests.factories import NOON, LeadFactory, StepFactory, VariantFactory
from campaigns_project.audit.actors import SYSTEM

LONG = timedelta(seconds=60)


def deliver_by_instantly(campaign: Campaign, *, people: int) -> Campaign:
    """Two steps, so many people, and Instantly to deliver it."""
    VariantFactory(step=StepFactory(campaign=campaign, position=1))
    second = StepFactory(campaign=campaign, position=2, wait_amount=4)
    VariantFactory(step=second, subject="", body_html="", body_text="Following up, {{ first_name | upcase }}.\n\nPetr")
    LeadFactory.create_batch(people, organization=campaign.organization)
    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=NOON)
    return choose_delivery(campaign=campaign, by=DeliveredBy.INSTANTLY, mailboxes=["anna@sender.example"], actor=SYSTEM)


def start(campaign: Campaign, **more: Any) -> Campaign:
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=NOON, **more)


def work(campaign: Campaign, *, at: datetime = NOON) -> bool:
    """One turn of a worker."""
    return work_on(campaign_id=campaign.pk, now=at, budget=LONG)
