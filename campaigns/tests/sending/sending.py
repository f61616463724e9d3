"""A campaign that can be sent, and a way out that keeps what it is given."""

from dataclasses import dataclass, field

from campaigns import lifecycle
from campaigns.delivery.memory import MemoryBackend
from campaigns.enrollment import Selection, enroll
from campaigns.models import Campaign, Sender
from campaigns.sending.work import send_chunk
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    LeadFactory,
    StepFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import SYSTEM


@dataclass
class Road:
    """Every sender's mails go to one memory backend."""

    backend: MemoryBackend = field(default_factory=MemoryBackend)

    def to(self, sender: Sender) -> MemoryBackend:
        return self.backend


def ready_campaign(*, people: int = 2, steps: int = 1, now, **fields) -> Campaign:
    """A draft with steps (each due at once), a sender and enrolled people."""
    campaign = CampaignFactory(**fields)
    CampaignSenderFactory(campaign=campaign)
    for position in range(1, steps + 1):
        VariantFactory(step=StepFactory(campaign=campaign, position=position))
    LeadFactory.create_batch(people, organization=campaign.organization)
    enroll(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)
    return campaign


def started_campaign(*, now, **fields) -> Campaign:
    """The same, started."""
    return lifecycle.start(campaign=ready_campaign(now=now, **fields), actor=SYSTEM, now=now)


def send_all(campaign: Campaign, road: Road) -> int:
    """Chunk after chunk until nothing is due; returns how many messages were settled."""
    total = 0
    while settled := send_chunk(campaign, connections=road):
        total += settled
    return total
