"""Tags as things of their own: putting them on many leads and off again, merging two, removing one."""

from collections.abc import Iterable

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.errors import Refused
from leads.models import ImportStatus, LeadImport, LeadQuerySet, LeadTag, Segment, Tag
from leads.segments.reading import Group, Rule, Rules, read_rules
from leads.segments.uses import refuse_in_use, segments_with_tag, tell_of_merge, users_of_tag
from leads.tagging import tags_by_name, tags_named


@transaction.atomic
def tag_leads(*, organization: Organization, leads: LeadQuerySet, names: Iterable[str], actor: Actor) -> int:
    """Put the tags of these names on all `leads`, in one statement each; how many leads had one put on.

    A tag that does not exist yet is made.
    """
    tags = tags_named(organization, names)
    if not tags:
        raise Refused("tag_missing", "No tag is named.", "Name at least one.", {"field": "tags"})
    touched = _put_on(leads.for_organization(organization), [tag.pk for tag in tags])
    _note_many("leads.tagged", organization, tags, touched, actor)
    return touched


@transaction.atomic
def untag_leads(*, organization: Organization, leads: LeadQuerySet, names: Iterable[str], actor: Actor) -> int:
    """Take the tags of these names off all `leads`; how many tags came off. One that does not exist is on nobody."""
    tags = tags_by_name(organization, names)
    own = leads.for_organization(organization).order_by().values("pk")
    removed = LeadTag.objects.filter(tag__in=tags, lead__in=own).delete()[0]
    _note_many("leads.untagged", organization, tags, removed, actor)
    return removed


@transaction.atomic
def merge_tags(*, tag: Tag, into: Tag, actor: Actor) -> int:
    """Move all leads of `tag` to `into` and delete it; how many got the other one.

    Segments and ranking rules ask for that one then, and imports that have not ended put that one on.
    """
    if tag.pk == into.pk or tag.organization_id != into.organization_id:
        raise Refused("merge_with_itself", "A tag is merged into another one of the same organization.", "Choose one.")
    _put_on_by_imports(tag, into)  # before the tags are held: a chunk holds its import when it puts tags on
    Tag.objects.select_for_update().filter(pk__in=[tag.pk, into.pk]).order_by("pk").count()
    for segment in segments_with_tag(tag):
        rules = _renamed(read_rules(segment.rules), tag.pk, into.pk)
        Segment.objects.filter(pk=segment.pk).update(rules=rules.as_json())
    tell_of_merge(tag, into)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [into.pk, tag.pk])
        moved = cursor.rowcount
    record(
        action="tag.merged",
        entity=tag,
        organization_id=tag.organization_id,
        actor=actor,
        before={"name": tag.name},
        after={"into": into.pk, "name": into.name, "leads": moved},
    )
    tag.delete()
    return moved


@transaction.atomic
def remove_tag(*, tag: Tag, actor: Actor) -> None:
    """Take a tag off its leads and delete it. Refused while a segment or a ranking asks for it."""
    refuse_in_use("tag_in_use", f"The tag “{tag}”", users_of_tag(tag))
    record(action="tag.deleted", entity=tag, organization_id=tag.organization_id, actor=actor)
    tag.delete()


def _put_on(leads: LeadQuerySet, tags: list[int]) -> int:
    try:
        chosen, values = leads.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PUT_ON.format(chosen=chosen), [*values, tags])
        return cursor.fetchone()[0]


def _renamed(rules: Rules, old: int, new: int) -> Rules:
    def group(each: Group) -> Group:
        return Group(each.match, tuple(with_tag(rule, old, new) for rule in each.rules))

    return Rules(rules.match, tuple(map(group, rules.groups)), tuple(map(group, rules.exclude)))


def with_tag(rule: Rule, old: int, new: int) -> Rule:
    """The same question about the tag `new` in the place of `old`."""
    if rule.field.model() is not Tag:
        return rule
    return Rule(rule.field, rule.operator, list(dict.fromkeys(new if each == old else each for each in rule.value)))


def _put_on_by_imports(tag: Tag, into: Tag) -> None:
    open_ones = LeadImport.objects.filter(organization=tag.organization_id).exclude(status__in=ImportStatus.ended)
    for each in open_ones.filter(options__tag_ids__contains=tag.pk).select_for_update(no_key=True).order_by("pk"):
        numbers = [into.pk if number == tag.pk else number for number in each.options["tag_ids"]]
        names = [into.name if name.strip().lower() == tag.name.lower() else name for name in each.options["tags"]]
        named = {"tag_ids": list(dict.fromkeys(numbers)), "tags": list(dict.fromkeys(names))}
        LeadImport.objects.filter(pk=each.pk).update(options={**each.options, **named})


def _note_many(action: str, organization: Organization, tags: list[Tag], number: int, actor: Actor) -> None:
    record(
        action=action,
        entity=Subject("lead"),
        organization_id=organization.pk,
        actor=actor,
        after={"tags": [tag.pk for tag in tags], "number": number},
    )


_PUT_ON = """
WITH put AS (
    INSERT INTO lead_tags (lead_id, tag_id)
    SELECT chosen.id, tag FROM ({chosen}) AS chosen(id) CROSS JOIN unnest(%s::bigint[]) AS tag
    ON CONFLICT DO NOTHING
    RETURNING lead_id
)
SELECT count(DISTINCT lead_id) FROM put
"""

_MOVE = """
INSERT INTO lead_tags (lead_id, tag_id) SELECT lead_id, %s FROM lead_tags WHERE tag_id = %s ON CONFLICT DO NOTHING
"""
