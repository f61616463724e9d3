"""A big campaign whose mails say which step they are."""

from django.utils import timezone

from campaigns import lifecycle
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    LeadFactory,
    OrganizationFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead


def big_campaign(*, people: int, steps: int, senders: int = 2, name: str = "torture", **fields) -> Campaign:
    """Running: so many people, all due at once, each step due as soon as the one before was sent."""
    organization = OrganizationFactory()
    campaign = CampaignFactory(organization=organization, name=name, **fields)
    CampaignSenderFactory.create_batch(senders, campaign=campaign)
    for position in range(1, steps + 1):
        step = StepFactory(campaign=campaign, position=position, in_thread=False)
        VariantFactory(step=step, subject=f"Step {position} for {{{{ first_name }}}}")
    Lead.objects.bulk_create(LeadFactory.build_batch(people, organization=organization))
    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=timezone.now())
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=timezone.now())


def step_of(subject: str) -> int:
    """The step a mail of such a campaign is, by its subject."""
    return int(subject.split()[1])
