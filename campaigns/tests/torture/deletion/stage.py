"""Where the lives of campaigns are played: an organization of its own, with everybody who may make and delete them."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test import Client

from campaigns.models import Campaign
from campaigns.tests.factories import (
    CampaignFactory,
    EventFactory,
    JobFactory,
    LeadFactory,
    LinkFactory,
    MessageFactory,
    OrganizationFactory,
    RawLeadFactory,
    RecipientFactory,
    StagedLeadFactory,
    VariantFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member
from campaigns_project.tests.rest.clients import KeyClient, key_client

# Few names, so that a campaign ID made from one always meets those of the dead.
NAMES = ("Autumn", "Autumn 2", "Winter", "Quay & Co", "1001", "Ångström", "delete me")


class Registry:
    """Every campaign that ever was, of all stages; one id or campaign ID that comes twice is a violation."""

    def __init__(self) -> None:
        self.slugs: dict[int, str] = {}
        self.births: Counter[str] = Counter()
        self.deaths: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.violations: list[str] = []
        self._lock = threading.Lock()

    def born(self, campaign: Campaign, by: str) -> None:
        """Note a birth that was committed."""
        with self._lock:
            if campaign.pk in self.slugs or campaign.campaign_id in self.slugs.values():
                self.violations.append(f"{by} made {campaign.pk} {campaign.campaign_id!r} a second time")
            self.slugs[campaign.pk] = campaign.campaign_id
            self.births[by] += 1

    def died(self, by: str, number: int = 1) -> None:
        """Note deaths that were committed."""
        with self._lock:
            self.deaths[by] += number

    def turned_away(self, by: str) -> None:
        """Note that a dead one was kept from coming back."""
        with self._lock:
            self.refused[by] += 1

    def violated(self, words: str) -> None:
        """Note what must not be."""
        with self._lock:
            self.violations.append(words)


@dataclass
class Stage:
    """An organization with its people; `mother` is a campaign whose row others are made from."""

    chance: random.Random
    registry: Registry
    organization: Organization = field(default_factory=OrganizationFactory)

    def __post_init__(self) -> None:
        self.browser: Client = member(self.organization, Role.MANAGER)
        self.api: KeyClient = key_client(Role.MANAGER, self.organization)
        self.mother: Campaign = CampaignFactory(organization=self.organization)
        self.registry.born(self.mother, "factory")

    def name(self) -> str:
        """Any of NAMES."""
        return self.chance.choice(NAMES)

    def furnish(self, campaign: Campaign) -> None:
        """Give it a row of everything that goes with it."""
        lead = LeadFactory(organization=campaign.organization)
        variant = VariantFactory(step__campaign=campaign)
        recipient = RecipientFactory(campaign=campaign, lead=lead)
        message = MessageFactory(recipient=recipient, step=variant.step, variant=variant)
        message_id = f"<{message.pk}.torture@fairlead.example>"
        type(message).objects.filter(pk=message.pk).update(message_id=message_id)
        EventFactory(message=message)
        LinkFactory(campaign=campaign)
        JobFactory(campaign=campaign, status="succeeded", finished_at=message.sent_at)
        StagedLeadFactory(raw_lead=RawLeadFactory(organization=campaign.organization, campaign_id=campaign.pk))


def run(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows of one statement, where it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []
