"""Who is in a segment."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from campaigns_project.accounts.models import Organization
from leads.models import Lead, LeadQuerySet, Segment, SegmentMember
from leads.segments.asking import Asking
from leads.segments.reading import Group, Rules, read_rules

NOBODY = Q(pk__in=[])


def members(segment: Segment, *, now: datetime) -> LeadQuerySet:
    """The leads in `segment` now; of a frozen one those it was frozen with. One without any rule has nobody."""
    return members_among(Lead.objects.all(), segment, now=now)


def members_among(leads: LeadQuerySet, segment: Segment, *, now: datetime) -> LeadQuerySet:
    """Those of `leads` that are in `segment` now.

    Asked of the very rows: to look their keys up among all members, Postgres before 18 reads all leads for one page.
    """
    own = leads.filter(organization=segment.organization_id)
    return own.filter(condition_of(segment, Asking(segment.organization_id, now)))


def matching(organization: Organization, rules: Rules, *, now: datetime) -> LeadQuerySet:
    """The leads of `organization` that fit `rules`, which need not belong to any segment."""
    return _leads(organization.pk).filter(condition(rules, Asking(organization.pk, now)))


def condition_of(segment: Segment, asking: Asking) -> Q:
    """What a lead has to fit to be in `segment`."""
    if segment.frozen_at is not None:
        return Q(Exists(SegmentMember.objects.filter(segment=segment.pk, lead=OuterRef("pk"))))
    return condition(read_rules(segment.rules), asking.inside(segment.pk))


def condition(rules: Rules, asking: Asking) -> Q:
    """What a lead has to fit to be meant by `rules`; nobody fits where there are none."""
    if not rules:
        return NOBODY
    found = _together(rules.match, [_fits(group, asking) for group in rules.groups])
    for group in rules.exclude:
        found &= ~_fits(group, asking)
    return found


def _fits(group: Group, asking: Asking) -> Q:
    return _together(group.match, [rule.field.condition(rule.operator, rule.value, asking) for rule in group.rules])


def _together(match: str, conditions: list[Q]) -> Q:
    return Q.create([*conditions], connector=Q.AND if match == "all" else Q.OR)


def _leads(organization_id: int) -> LeadQuerySet:
    return Lead.objects.filter(organization=organization_id)
