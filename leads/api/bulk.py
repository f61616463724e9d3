"""The body of /leads/bulk: whom, and what is to be done with them."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import NotFound
from campaigns_project.rest.serializers import LineField, StrictSerializer
from leads.api.rules import RulesField
from leads.bulk import suppress_leads
from leads.models import Lead, LeadQuerySet, Segment
from leads.segments.keeping import check_rules
from leads.segments.members import matching, members
from leads.tags import tag_leads, untag_leads

MOST_IDS = 10_000  # named one by one; more are better named by a segment or rules
BIGGEST_ID = 2**63 - 1
ACTS = ("tag", "untag", "suppress")
WAYS = ("lead_ids", "segment", "rules")


class BulkSerializer(StrictSerializer):
    """What to do, with whom: exactly one of `lead_ids`, `segment` and `rules`."""

    act = serializers.ChoiceField(ACTS)
    tags = serializers.ListField(
        child=LineField(max_length=60), required=False, max_length=20, help_text="Names, to tag or untag by."
    )
    lead_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BIGGEST_ID),
        required=False,
        allow_empty=False,
        max_length=MOST_IDS,
    )
    segment = serializers.IntegerField(required=False, min_value=1, max_value=BIGGEST_ID)
    rules = RulesField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in WAYS) != 1:
            raise serializers.ValidationError("Say whom in exactly one way: lead_ids, segment or rules.", "unclear")
        if (attrs["act"] == "suppress") == bool(attrs.get("tags")):
            raise serializers.ValidationError({"tags": ["To tag and untag takes tags, to suppress none."]})
        return attrs


class BulkDoneSerializer(serializers.Serializer):
    """What came of it."""

    changed = serializers.IntegerField(
        help_text="Leads that got a tag or were suppressed; of untag, tags that came off."
    )


def do_in_bulk(organization: Organization, asked: dict[str, Any], actor: Actor, user: Any) -> int:
    """Do what a valid body asks for; how much was changed."""
    now = timezone.now()
    leads = _whom(organization, asked, now)
    if asked["act"] == "suppress":
        return suppress_leads(
            organization=organization, leads=leads, source="API", actor=actor, created_by=user, at=now
        )
    do = tag_leads if asked["act"] == "tag" else untag_leads
    return do(organization=organization, leads=leads, names=asked["tags"], actor=actor)


def _whom(organization: Organization, asked: dict[str, Any], now: Any) -> LeadQuerySet:
    if "lead_ids" in asked:
        return Lead.objects.for_organization(organization).filter(pk__in=asked["lead_ids"])
    if "rules" in asked:
        return matching(organization, check_rules(organization, asked["rules"]), now=now)
    segment = Segment.objects.for_organization(organization).filter(pk=asked["segment"]).first()
    if segment is None:
        raise NotFound("not_found", f"There is no segment {asked['segment']}.")
    return members(segment, now=now)
