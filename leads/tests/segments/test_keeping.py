"""Segments as they are kept: made, changed, frozen, used, removed."""

from typing import Any

import pytest

from campaigns.tests.factories import LeadFactory, LeadTagFactory, OrganizationFactory, SegmentFactory, TagFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.counting import Count, count
from campaigns_project.errors import Refused
from leads.models import Lead, LeadTag, Segment, SegmentMember
from leads.segments import members
from leads.segments.keeping import change_segment, freeze_segment, make_segment, remove_segment, unfreeze_segment
from leads.segments.uses import uses_of
from leads.tags import merge_tags, remove_tag, tag_leads, untag_leads
from leads.tests.segments.people import NOW
from leads.tests.segments.test_reading import one

pytestmark = pytest.mark.django_db

ACME = one("company", "is", "Acme")


@pytest.fixture
def home() -> Any:
    return OrganizationFactory()


def segment_of(home: Any, rules: dict[str, Any] = ACME, name: str = "Acme") -> Segment:
    return make_segment(organization=home, name=name, rules=rules, actor=SYSTEM)


def test_a_segment_is_asked_anew_until_it_is_frozen_and_again_when_it_is_unfrozen(home: Any) -> None:
    segment = segment_of(home)
    first = LeadFactory(organization=home, company="ACME")

    number = freeze_segment(segment=segment, actor=SYSTEM, now=NOW)
    LeadFactory(organization=home, company="Acme")
    segment.refresh_from_db()
    frozen = list(members(segment, now=NOW))
    unfreeze_segment(segment=segment, actor=SYSTEM, now=NOW)
    segment.refresh_from_db()

    assert (number, frozen, members(segment, now=NOW).count()) == (1, [first], 2)
    assert not SegmentMember.objects.exists()
    assert list(AuditLog.objects.order_by("pk").values_list("action", flat=True)) == [
        "segment.created", "segment.frozen", "segment.unfrozen"
    ]  # fmt: skip


def test_a_frozen_segment_keeps_its_rules_and_is_not_frozen_twice(home: Any) -> None:
    segment = segment_of(home)
    freeze_segment(segment=segment, actor=SYSTEM, now=NOW)

    for act in (
        lambda: freeze_segment(segment=segment, actor=SYSTEM, now=NOW),
        lambda: change_segment(segment=segment, changes={"rules": ACME}, actor=SYSTEM),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert (refused.value.code, refused.value.status) == ("segment_frozen", 409)


def test_a_segment_may_ask_for_another_one_and_no_circle_is_closed(home: Any) -> None:
    LeadFactory(organization=home, company="Acme", title="CTO")
    inner = segment_of(home)
    outer = segment_of(home, one("segment", "in", inner.pk), "Outer")

    with pytest.raises(Refused) as refused:
        change_segment(segment=inner, changes={"rules": one("segment", "not_in", outer.pk)}, actor=SYSTEM)

    assert refused.value.code == "segment_cycle"
    assert members(outer, now=NOW).count() == 1


def test_a_circle_made_past_us_holds_nobody_and_ends(home: Any) -> None:
    LeadFactory(organization=home)
    segment = segment_of(home)
    Segment.objects.filter(pk=segment.pk).update(rules=one("segment", "in", segment.pk))
    segment.refresh_from_db()

    assert list(members(segment, now=NOW)) == []


def test_what_another_segment_asks_for_cannot_be_removed(home: Any) -> None:
    inner = segment_of(home)
    outer = segment_of(home, one("segment", "in", inner.pk), "Outer")

    with pytest.raises(Refused, match="“Outer”") as refused:
        remove_segment(segment=inner, actor=SYSTEM)

    assert (refused.value.code, [use.name for use in uses_of(inner)]) == ("segment_in_use", ["Outer"])
    remove_segment(segment=outer, actor=SYSTEM)
    remove_segment(segment=inner, actor=SYSTEM)
    assert not Segment.objects.exists()


def test_a_name_is_given_once(home: Any) -> None:
    segment_of(home)

    with pytest.raises(Refused) as refused:
        segment_of(home)

    assert refused.value.code == "not_unique"


def test_rules_do_not_stand_in_the_audit_log_since_they_may_name_people(home: Any) -> None:
    segment = segment_of(home, one("email", "is", "ana@acme.example"))
    change_segment(segment=segment, changes={"rules": one("email", "is", "bob@acme.example")}, actor=SYSTEM)

    assert [entry.after["rules"] for entry in AuditLog.objects.all()] == ["(not kept)", "(not kept)"]


def test_a_merged_tag_takes_its_leads_and_the_segments_that_ask_for_it_along(home: Any) -> None:
    old, new = TagFactory(organization=home, name="old"), TagFactory(organization=home, name="new")
    both, only = LeadTagFactory(tag=old).lead, LeadTagFactory(tag=old, lead__organization=home).lead
    Lead.objects.filter(pk=both.pk).update(organization=home)
    LeadTagFactory(tag=new, lead=both)
    segment = segment_of(home, one("tag", "all_of", [old.pk, new.pk]))

    moved = merge_tags(tag=old, into=new, actor=SYSTEM)

    segment.refresh_from_db()
    assert (moved, set(LeadTag.objects.values_list("lead", "tag"))) == (1, {(both.pk, new.pk), (only.pk, new.pk)})
    assert segment.rules["groups"][0]["rules"][0]["value"] == [new.pk]
    assert set(members(segment, now=NOW)) == {both, only}


def test_a_tag_is_merged_into_another_one_of_its_organization_alone(home: Any) -> None:
    tag = TagFactory(organization=home)

    for other in (tag, TagFactory()):
        with pytest.raises(Refused) as refused:
            merge_tags(tag=tag, into=other, actor=SYSTEM)
        assert refused.value.code == "merge_with_itself"


def test_a_tag_that_a_segment_asks_for_cannot_be_removed(home: Any) -> None:
    tag = TagFactory(organization=home)
    segment_of(home, one("tag", "none_of", [tag.pk]), "Without")

    with pytest.raises(Refused, match="“Without”") as refused:
        remove_tag(tag=tag, actor=SYSTEM)

    assert refused.value.code == "tag_in_use"


def test_many_leads_are_tagged_and_untagged_at_once_and_nobody_of_another_organization(home: Any) -> None:
    LeadTagFactory(lead__organization=home, tag__name="vip")
    LeadFactory(organization=home)
    stranger = LeadFactory()

    put_on = tag_leads(organization=home, leads=Lead.objects.all(), names=["VIP", "new"], actor=SYSTEM)
    taken_off = untag_leads(organization=home, leads=Lead.objects.all(), names=["Vip", "nothing"], actor=SYSTEM)

    assert (put_on, taken_off) == (2, 2)
    assert sorted(LeadTag.objects.values_list("tag__name", flat=True)) == ["new", "new"]
    assert not stranger.lead_tags.exists()


def test_a_count_is_exact_capped_or_an_estimate_and_says_which(home: Any, monkeypatch: Any) -> None:
    LeadFactory.create_batch(4, organization=home)
    everybody = Lead.objects.for_organization(home)

    exact = count(everybody)
    monkeypatch.setattr("campaigns_project.counting.MOST_COUNTED", 3)
    capped = count(everybody)
    slow = everybody.extra(where=["pg_sleep(0.2) IS NOT NULL"])

    assert (exact, str(capped)) == (Count(4), "2+")
    assert str(count(slow, longest=2)).startswith("about ")
    assert Lead.objects.count() == 4  # and the time that was allowed holds for nothing else


def test_a_segment_that_is_not_frozen_has_nothing_to_unfreeze(home: Any) -> None:
    with pytest.raises(Refused) as refused:
        unfreeze_segment(segment=SegmentFactory(organization=home), actor=SYSTEM, now=NOW)

    assert refused.value.code == "segment_not_frozen"
