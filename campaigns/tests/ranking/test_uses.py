"""Segments and tags that ranking rules ask for."""

from typing import Any

import pytest

from campaigns import ranking
from campaigns.models import Campaign
from campaigns.tests.factories import CampaignFactory, LeadImportFactory, SegmentFactory, TagFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.models import LeadImport
from leads.segments.keeping import remove_segment
from leads.tags import merge_tags, remove_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Any:
    return CampaignFactory(name="Autumn")


def rule(field: str, operator: str, value: Any, points: int) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value, "points": points}


def tags_of(campaign: Any) -> Any:
    return TagFactory.create_batch(2, organization=campaign.organization)


def rank_by(campaign: Any, *rules: dict[str, Any]) -> None:
    ranking.set_ranking_rules(campaign=campaign, rules=list(rules), actor=SYSTEM)


def test_a_tag_or_segment_that_a_ranking_asks_for_cannot_be_removed(campaign: Any) -> None:
    tag: Any = TagFactory(organization=campaign.organization)
    segment: Any = SegmentFactory(organization=campaign.organization)
    rank_by(campaign, rule("tag", "any_of", [tag.pk], 5), rule("segment", "in", segment.pk, 5))

    refusals = []
    for act in (lambda: remove_tag(tag=tag, actor=SYSTEM), lambda: remove_segment(segment=segment, actor=SYSTEM)):
        with pytest.raises(Refused) as refused:
            act()
        refusals.append((refused.value.code, "“Autumn”" in refused.value.message))

    assert refusals == [("tag_in_use", True), ("segment_in_use", True)]


def test_the_rules_of_a_campaign_that_has_ended_keep_nothing(campaign: Any) -> None:
    tag: Any = TagFactory(organization=campaign.organization)
    rank_by(campaign, rule("tag", "any_of", [tag.pk], 5))
    Campaign.objects.filter(pk=campaign.pk).update(status="completed")

    remove_tag(tag=tag, actor=SYSTEM)

    assert tag.pk is None


def test_ranking_rules_follow_a_merged_tag_and_ask_nothing_twice(campaign: Any) -> None:
    old, new = tags_of(campaign)
    rank_by(
        campaign,
        rule("tag", "any_of", [old.pk], 5),
        rule("tag", "any_of", [new.pk], 10),
        rule("tag", "none_of", [old.pk], -5),
    )

    merge_tags(tag=old, into=new, actor=SYSTEM)

    campaign.refresh_from_db()
    assert campaign.ranking_rules == [rule("tag", "any_of", [new.pk], 10), rule("tag", "none_of", [new.pk], -5)]
    assert len(ranking.read_point_rules(campaign.ranking_rules)) == 2


def test_an_import_that_waits_puts_the_tag_on_that_another_was_merged_into(campaign: Any) -> None:
    old, new = tags_of(campaign)
    options = {"tags": [old.name, new.name], "tag_ids": [old.pk, new.pk], "header": []}
    LeadImportFactory(organization=campaign.organization, status="queued", options=options)

    merge_tags(tag=old, into=new, actor=SYSTEM)

    assert LeadImport.objects.get().options == {"tags": [new.name], "tag_ids": [new.pk], "header": []}
