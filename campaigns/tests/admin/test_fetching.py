"""What a campaign's page says of people who are still to be fetched."""

from typing import Any

from django.test import Client
from django.urls import reverse

from campaigns.fetching.source import set_lead_source
from campaigns.models import Campaign
from campaigns.tests.factories import NOON, ProviderAccountFactory
from campaigns_project.audit.actors import SYSTEM


def overview(client: Client, campaign: Any) -> str:
    return client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()


def test_a_draft_that_fetches_its_people_says_so_before_it_is_started(operator: Client, campaign: Any) -> None:
    campaign.recipients.all().delete()
    ProviderAccountFactory(organization=campaign.organization)
    set_lead_source(campaign=campaign, filters={"person_titles": ["cto"]}, count=12, actor=SYSTEM, now=NOON)

    said = "It will fetch up to 12 leads from Apollo first, for about 12 credits."
    assert said in overview(operator, campaign)


def test_a_failed_campaign_says_what_to_do_about_it(operator: Client, campaign: Any) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(
        status="failed", failed_at=NOON, status_code="nobody_found", status_message="Apollo found nobody.",
        status_error="no_records",
    )  # fmt: skip

    assert "Apollo found nobody. Widen the search under Lead source, then resume." in overview(operator, campaign)
