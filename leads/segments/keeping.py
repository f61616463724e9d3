"""Making, changing, freezing and removing segments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.protection import NOT_KEPT
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused
from leads.models import Segment, SegmentMember
from leads.segments.errors import RuleCode, RuleRefused
from leads.segments.members import members
from leads.segments.naming import check_names, named
from leads.segments.reading import Rules, read_rules
from leads.segments.uses import refuse_in_use, uses_of

LOCK = 0x4609  # first half of an advisory lock: two who save at once could close a circle between them


@transaction.atomic
def make_segment(
    *,
    organization: Organization,
    name: str,
    rules: Any,
    actor: Actor,
    description: str = "",
    created_by: User | None = None,
) -> Segment:
    """A new segment; Refused where the rules cannot be asked or the name is taken."""
    read = check_rules(organization, rules)
    _refuse_taken(organization, name)
    made = Segment.objects.create(
        organization=organization, name=name, description=description, rules=read.as_json(), created_by=created_by
    )
    _note(made, "created", actor, after={"name": name, "description": description, "rules": NOT_KEPT})
    return made


@transaction.atomic
def change_segment(*, segment: Segment, changes: Mapping[str, Any], actor: Actor) -> Segment:
    """Write `changes` (name, description, rules) and nothing else. A frozen one keeps its rules."""
    kept = Segment.objects.select_for_update().select_related("organization").get(pk=segment.pk)
    wanted = dict(changes)
    if "rules" in wanted:
        if kept.frozen_at is not None:
            raise StateRefused("segment_frozen", f"“{kept}” is frozen: its members are fixed.", "Unfreeze it first.")
        wanted["rules"] = check_rules(kept.organization, wanted["rules"], segment=kept).as_json()
    if wanted.get("name", kept.name) != kept.name:
        _refuse_taken(kept.organization, wanted["name"])
    before = {field: getattr(kept, field) for field, value in wanted.items() if getattr(kept, field) != value}
    for field, value in wanted.items():
        setattr(kept, field, value)
    kept.save(update_fields=[*wanted, "updated_at"])
    after = {field: wanted[field] for field in before}
    _note(kept, "changed", actor, before=_without_rules(before), after=_without_rules(after))
    return kept


@transaction.atomic
def remove_segment(*, segment: Segment, actor: Actor) -> None:
    """Delete it; its leads stay. Refused while another segment asks for it."""
    _lock(segment.organization_id)
    keeping = [use.name for use in uses_of(segment) if use.keeps]
    refuse_in_use("segment_in_use", f"The segment “{segment}”", keeping)
    _note(segment, "deleted", actor)
    segment.delete()


@transaction.atomic
def freeze_segment(*, segment: Segment, actor: Actor, now: datetime) -> int:
    """Fix its members as they are now; how many that are. One statement for any number of them."""
    kept = Segment.objects.select_for_update().get(pk=segment.pk)
    if kept.frozen_at is not None:
        raise StateRefused("segment_frozen", f"“{kept}” is frozen already, since {kept.frozen_at:%Y-%m-%d}.")
    SegmentMember.objects.filter(segment=kept).delete()
    number = _fix(kept, now)
    Segment.objects.filter(pk=kept.pk, frozen_at=None).update(frozen_at=now, updated_at=now)
    _note(kept, "frozen", actor, after={"members": number})
    return number


@transaction.atomic
def unfreeze_segment(*, segment: Segment, actor: Actor, now: datetime) -> None:
    """Ask its rules anew from now on; the list it was frozen with is gone."""
    if not Segment.objects.filter(pk=segment.pk, frozen_at__isnull=False).update(frozen_at=None, updated_at=now):
        raise StateRefused("segment_not_frozen", f"“{segment}” is not frozen.")
    SegmentMember.objects.filter(segment=segment.pk).delete()
    _note(segment, "unfrozen", actor)


def check_rules(organization: Organization, raw: Any, *, segment: Segment | None = None) -> Rules:
    """The rules in `raw`, if they may become those of `segment`: readable, some, of this organization, no circle."""
    rules = read_rules(raw)
    if not rules:
        raise RuleRefused(RuleCode.RULES_EMPTY, "", "There is no rule.", "Say whom the segment is to hold.")
    check_names(organization.pk, rules)
    if segment is not None:
        _lock(organization.pk)
        _refuse_circle(segment, rules)
    return rules


def _refuse_circle(segment: Segment, rules: Rules) -> None:
    asked, seen = named(rules, Segment), set[int]()
    while asked:
        if segment.pk in asked:
            raise RuleRefused(
                RuleCode.SEGMENT_CYCLE, "", f"“{segment}” would ask for itself.", "Take that segment out of the rules."
            )
        seen |= asked
        further = Segment.objects.filter(pk__in=asked, frozen_at=None).values_list("rules", flat=True)
        asked = {number for each in further for number in named(read_rules(each), Segment)} - seen


def _refuse_taken(organization: Organization, name: str) -> None:
    if not name.strip():
        raise Refused("name_missing", "A segment needs a name.", "Give it one.", {"field": "name"})
    if Segment.objects.for_organization(organization).filter(name=name).exists():
        raise Refused("not_unique", f"There is already a segment “{name}”.", "Choose another name.", {"field": "name"})


def _fix(segment: Segment, now: datetime) -> int:
    try:
        chosen, values = members(segment, now=now).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO segment_members (segment_id, lead_id) SELECT %s, chosen.id FROM ({chosen}) AS chosen(id)",  # noqa: S608 - SQL of Django's
            [segment.pk, *values],
        )
        return cursor.rowcount


def _lock(organization_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organization_id % 2**31])


def _without_rules(values: dict[str, Any]) -> dict[str, Any]:
    """Rules may name people by their address, and the audit log is never cleaned."""
    return {field: NOT_KEPT if field == "rules" else value for field, value in values.items()}


def _note(segment: Segment, act: str, actor: Actor, **values: Any) -> None:
    record(action=f"segment.{act}", entity=segment, organization_id=segment.organization_id, actor=actor, **values)
