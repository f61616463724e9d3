"""What ranking rules ask for: a segment or a tag does not go away under them."""

from campaigns.models import Campaign, CampaignStatus
from campaigns.ranking.rules import PointRule, as_rules, read_point_rules
from campaigns_project.errors import Refused
from leads.models import Segment, Tag
from leads.segments.naming import named
from leads.segments.uses import Use
from leads.tags import with_tag


def campaigns_ranking_by_segment(segment: Segment) -> list[Use]:
    """The campaigns whose ranking rules ask for `segment`. One that has ended ranks nobody, and keeps nothing."""
    return _uses(segment.organization_id, Segment, segment.pk)


def campaigns_ranking_by_tag(tag: Tag) -> list[Use]:
    """The same for `tag`."""
    return _uses(tag.organization_id, Tag, tag.pk)


def rank_by_other_tag(tag: Tag, into: Tag) -> None:
    """Have ranking rules ask for `into` that asked for `tag`; the rankings stay as they were made.

    Where both were asked for in the same way, the points of `into` stand.
    """
    for campaign, rules in _asking_for(tag.organization_id, Tag, tag.pk):
        kept = [each for each in rules if tag.pk not in _numbers([each], Tag)]
        asked = [each.rule for each in kept]
        became: list[PointRule] = []
        for each in rules:
            rule = with_tag(each.rule, tag.pk, into.pk)
            if each in kept:
                became.append(each)
            elif rule not in asked:
                asked.append(rule)
                became.append(PointRule(rule, each.points))
        Campaign.objects.filter(pk=campaign.pk).update(ranking_rules=[each.as_json() for each in became])


def _uses(organization_id: int, model: type, number: int) -> list[Use]:
    found = _asking_for(organization_id, model, number)
    editable = [campaign for campaign, _ in found if campaign.status in CampaignStatus.editable]
    return [Use("campaign", each.pk, each.name, keeps=True) for each in editable]


def _asking_for(organization_id: int, model: type, number: int) -> list[tuple[Campaign, list[PointRule]]]:
    """Campaigns with rules are few: they are read, rather than searched as texts."""
    own = Campaign.objects.living().filter(organization=organization_id).exclude(ranking_rules=[]).order_by("pk")
    read = [(campaign, _read(campaign)) for campaign in own]
    return [(campaign, rules) for campaign, rules in read if number in _numbers(rules, model)]


def _read(campaign: Campaign) -> list[PointRule]:
    try:
        return read_point_rules(campaign.ranking_rules)
    except Refused:  # made by a version that knew other fields: nobody can be ranked by them
        return []


def _numbers(rules: list[PointRule], model: type) -> set[int]:
    return named(as_rules(rules), model)
