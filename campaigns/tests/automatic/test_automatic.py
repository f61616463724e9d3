"""Automatic campaigns: who comes in by itself, who does not, and how long the campaign waits for more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns import automatic, lifecycle, preflight
from campaigns.automatic import StandingAudience, looking
from campaigns.automatic.uses import campaigns_enrolling_by_segment
from campaigns.enrollment import Selection, enroll, stop_recipient
from campaigns.enrollment.booking import book
from campaigns.errors import StartRefused, StateConflict
from campaigns.locks import Lock, hold_audience, let_go, take_for_session
from campaigns.models import Campaign, ExitReason, Job, Recipient, Variant
from campaigns.tasks import look_for_people
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SegmentFactory,
    StepFactory,
    SuppressionFactory,
    TagFactory,
    VariantFactory,
)
from campaigns.why import why_campaign
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused, StateRefused
from campaigns_project.tests.sessions import beside, one_behind_the_other
from leads.models import Lead, Segment
from leads.segments.uses import uses_of
from leads.tags import merge_tags
from tracking.tests.merging.test_merge import findings

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Any:
    return timezone.now()


def segment_of(organization: Organization, company: str) -> Segment:
    rules = {"groups": [{"rules": [{"field": "company", "operator": "is", "value": company}]}]}
    return SegmentFactory(organization=organization, name=company, rules=rules)


def automatic_campaign(now: Any, *, start: bool = True, **audience: Any) -> Campaign:
    """One with a mail, a sender and the audience “everybody of Acme”; it runs, and nobody is in it."""
    campaign = CampaignFactory()
    CampaignSenderFactory(campaign=campaign)
    VariantFactory(step=StepFactory(campaign=campaign))
    segment = segment_of(campaign.organization, "Acme")
    chosen = StandingAudience(**{"segments": (segment.pk,), **audience})
    campaign = automatic.set_audience(campaign=campaign, audience=chosen, actor=SYSTEM, now=now)
    return lifecycle.start(campaign=campaign, actor=SYSTEM, now=now) if start else campaign


def person(campaign: Campaign, **fields: Any) -> Lead:
    return LeadFactory(organization=campaign.organization, **{"company": "Acme", "first_name": "Ana", **fields})


def inside(campaign: Campaign) -> set[int]:
    return set(campaign.recipients.values_list("lead", flat=True))


def gate_of_people(campaign: Campaign, now: Any) -> Any:
    return next(gate for gate in why_campaign(campaign, now=now).gates if gate.code == "recipients")


def test_one_starts_without_anybody_and_enrolls_whoever_newly_belongs_to_it(now):
    campaign = automatic_campaign(now)
    first = automatic.look(campaign_id=campaign.pk, now=now)
    ana, _other = person(campaign), person(campaign, company="Elsewhere")

    second = automatic.look(campaign_id=campaign.pk, now=now)

    campaign.refresh_from_db()
    assert (first.enrolled, second.enrolled, inside(campaign)) == (0, 1, {ana.pk})
    assert (campaign.status, campaign.total_recipients, campaign.active_leads_count) == ("running", 1, 1)
    assert campaign.recipients.get().next_send_at is not None
    assert campaign.last_look["enrolled"] == 1


def test_a_look_that_enrolls_nobody_leaves_no_job_and_no_entry(now):
    campaign = automatic_campaign(now)
    seen = AuditLog.objects.count()

    automatic.look(campaign_id=campaign.pk, now=now)

    assert (AuditLog.objects.count(), Job.objects.filter(kind="enroll").count()) == (seen, 0)


def test_whoever_left_does_not_come_again(now):
    campaign = automatic_campaign(now)
    person(campaign)
    automatic.look(campaign_id=campaign.pk, now=now)
    stop_recipient(campaign.recipients.get().pk, reason=ExitReason.DE_ENROLLED, at=now)

    again = automatic.look(campaign_id=campaign.pk, now=now)

    assert (again.enrolled, again.skipped, campaign.recipients.get().status) == (0, {}, "stopped")


def test_who_stays_out_is_counted_by_the_reason_and_looked_at_anew(now):
    campaign = automatic_campaign(now)
    Variant.objects.update(body_html="<p>{{ city }}</p>")
    busy = RecipientFactory(
        campaign__organization=campaign.organization, lead=person(campaign, city="Brno"), occupies=True
    )
    SuppressionFactory(organization=campaign.organization, address=person(campaign, city="Brno").email_normalized)
    booked = RecipientFactory(campaign__organization=campaign.organization, lead=person(campaign, city="Brno"))
    book(lead=booked.lead, actor=SYSTEM, now=now)
    without = person(campaign, city="")

    first = automatic.look(campaign_id=campaign.pk, now=now)
    Lead.objects.filter(pk=without.pk).update(city="Brno")
    stop_recipient(busy.pk, reason=ExitReason.COMPLETED, at=now)
    second = automatic.look(campaign_id=campaign.pk, now=now)

    assert first.skipped == {"active_elsewhere": 1, "suppressed": 1, "booked": 1, "merge_value_missing": 1}
    assert (second.enrolled, second.skipped) == (2, {"suppressed": 1, "booked": 1})
    assert inside(campaign) == {busy.lead_id, without.pk}


def test_several_segments_are_joined_and_whom_it_leaves_out_stays_out(now):
    campaign = CampaignFactory()
    home = campaign.organization
    vip, tag = segment_of(home, "Vip"), TagFactory(organization=home)
    kept = [person(campaign), person(campaign, company="Zeta")]
    LeadTagFactory(lead=person(campaign), tag=tag)
    Segment.objects.filter(pk=vip.pk).update(
        rules={"groups": [{"rules": [{"field": "title", "operator": "is", "value": "CEO"}]}]}
    )
    person(campaign, title="CEO")
    audience = StandingAudience(
        segments=(segment_of(home, "Acme").pk, segment_of(home, "Zeta").pk),
        exclude_segments=(vip.pk,),
        exclude_tags=(tag.pk,),
        before_start=True,
    )
    campaign = automatic.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)

    automatic.look(campaign_id=campaign.pk, now=now)

    assert inside(campaign) == {lead.pk for lead in kept}
    assert automatic.audience_in_words(campaign) == (
        f"everybody of “Acme” or “Zeta”, but nobody of “Vip”, or with the tag “{tag.name}”"
    )


def test_a_look_enrolls_so_many_and_the_next_one_goes_on_behind_who_cannot_be_enrolled(now):
    campaign = automatic_campaign(now, at_most=2)
    for _ in range(3):
        SuppressionFactory(organization=campaign.organization, address=person(campaign).email_normalized)
    for _ in range(3):
        person(campaign)

    first = automatic.look(campaign_id=campaign.pk, now=now)
    second = automatic.look(campaign_id=campaign.pk, now=now)

    assert (first.enrolled, first.skipped) == (2, {"suppressed": 3, "next_time": 1})
    assert (second.enrolled, second.skipped) == (1, {"suppressed": 3})


@pytest.mark.parametrize(
    ("state", "before_start", "enrolled"),
    [
        ({"status": "draft", "started_at": None}, False, 0),
        ({"status": "draft", "started_at": None}, True, 1),
        ({"status": "scheduled", "scheduled_at": timezone.now(), "started_at": None}, True, 1),
        ({"status": "running"}, False, 1),
        ({"status": "paused", "paused_at": timezone.now()}, True, 0),
        ({"status": "stopped"}, True, 0),
        ({"status": "completed"}, True, 0),
        ({"status": "running", "is_active": False, "deactivated_at": timezone.now()}, False, 0),
        ({"status": "running", "deleting_at": timezone.now()}, False, 0),
    ],
)
def test_it_enrolls_only_while_it_may(state, before_start, enrolled, now):
    campaign = automatic_campaign(now, before_start=before_start)
    person(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(**state)

    asked = automatic.ask_for_looks(now=now)
    automatic.look(campaign_id=campaign.pk, now=now)

    assert (asked, campaign.recipients.count()) == (enrolled, enrolled)


def test_the_tick_asks_once_and_again_only_when_its_hour_has_come(now):
    campaign = automatic_campaign(now)

    asked = [automatic.ask_for_looks(now=now), automatic.ask_for_looks(now=now)]
    automatic.look(campaign_id=campaign.pk, now=now)
    asked += [automatic.ask_for_looks(now=now + wait) for wait in (timedelta(minutes=4), timedelta(minutes=6))]

    assert asked == [1, 0, 0, 1]


def test_it_waits_for_new_leads_and_completes_only_once_switched_off(now):
    campaign = automatic_campaign(now)
    person(campaign)
    automatic.look(campaign_id=campaign.pk, now=now)
    stop_recipient(campaign.recipients.get().pk, reason=ExitReason.REPLIED, at=now)
    campaign.refresh_from_db()

    ended = [lifecycle.complete_finished(now=now)]
    gate = gate_of_people(campaign, now)
    automatic.deactivate(campaign=campaign, actor=SYSTEM, now=now)
    ended += [lifecycle.complete_finished(now=now)]

    campaign.refresh_from_db()
    assert (gate.why, gate.is_in_order) == ("waiting_for_leads", True)
    assert (ended, campaign.status, campaign.deactivated_at) == ([0, 1], "completed", now)


def test_one_that_nobody_ever_came_to_completes_when_it_is_switched_off(now):
    campaign = automatic_campaign(now)

    automatic.deactivate(campaign=campaign, actor=SYSTEM, now=now)

    assert lifecycle.complete_finished(now=now) == 1


def test_switched_off_and_empty_it_does_not_start(now):
    campaign = automatic_campaign(now, start=False)
    automatic.deactivate(campaign=campaign, actor=SYSTEM, now=now)

    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)

    assert refused.value.code == "no_recipients"


def test_who_comes_after_the_check_is_no_part_of_it_and_the_audience_itself_is(now):
    campaign = automatic_campaign(now, start=False)
    report = preflight.look(campaign, now=now)
    person(campaign)
    automatic.look(campaign_id=campaign.pk, now=now)
    same = preflight.snapshot(Campaign.objects.get(pk=campaign.pk))
    changed = StandingAudience(segments=(segment_of(campaign.organization, "Other").pk,))
    automatic.set_audience(campaign=campaign, audience=changed, actor=SYSTEM, now=now)

    assert same == report.snapshot
    assert preflight.snapshot(Campaign.objects.get(pk=campaign.pk)) != report.snapshot
    assert [problem.code for problem in report.problems if problem.code == "enrolls_by_itself"] == ["enrolls_by_itself"]
    assert report.blocking == []


def test_switching_and_setting_leave_their_entries_and_are_refused_twice(now):
    campaign = automatic_campaign(now)

    automatic.deactivate(campaign=campaign, actor=SYSTEM, now=now, reason="the fair is over")
    with pytest.raises(StateRefused) as off:
        automatic.deactivate(campaign=campaign, actor=SYSTEM, now=now)
    automatic.activate(campaign=campaign, actor=SYSTEM, now=now)
    with pytest.raises(StateRefused) as on:
        automatic.activate(campaign=campaign, actor=SYSTEM, now=now)
    custom = automatic.clear_audience(campaign=campaign, actor=SYSTEM, now=now)
    with pytest.raises(StateRefused) as neither:
        automatic.activate(campaign=campaign, actor=SYSTEM, now=now)

    acts = ["campaign.audience_set", "campaign.started", "campaign.deactivated", "campaign.activated"]
    assert list(AuditLog.objects.order_by("pk").values_list("action", flat=True)) == [
        *acts,
        "campaign.audience_cleared",
    ]
    assert [each.value.code for each in (off, on, neither)] == ["already_inactive", "already_active", "not_automatic"]
    assert (custom.is_automatic, custom.standing_audience, custom.is_active) == (False, {}, True)


def test_an_audience_names_what_is_there_and_somebody(now):
    campaign = CampaignFactory()
    own, foreign = SegmentFactory(organization=campaign.organization), SegmentFactory()
    for audience, code in (
        (StandingAudience(segments=()), "segment_missing"),
        (StandingAudience(segments=(foreign.pk,)), "segment_not_found"),
        (StandingAudience(segments=(own.pk,), exclude_segments=(foreign.pk,)), "segment_not_found"),
        (StandingAudience(segments=(own.pk,), exclude_tags=(TagFactory().pk,)), "tag_not_found"),
        (StandingAudience(segments=(own.pk,), at_most=0), "bad_at_most"),
    ):
        with pytest.raises((Refused, NotFound)) as refused:
            automatic.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)
        assert refused.value.code == code
    Campaign.objects.filter(pk=campaign.pk).update(status="stopped")
    with pytest.raises(StateConflict):
        automatic.set_audience(campaign=campaign, audience=StandingAudience((own.pk,)), actor=SYSTEM, now=now)


def test_a_segment_stays_while_a_campaign_enrolls_by_it_and_one_that_is_gone_is_told(now):
    campaign = automatic_campaign(now)
    segment = Segment.objects.get()
    kept = [(use.kind, use.keeps) for use in uses_of(segment)]
    Segment.objects.all().delete()
    person(campaign)

    look = automatic.look(campaign_id=campaign.pk, now=now)

    campaign.refresh_from_db()
    gate = gate_of_people(campaign, now)
    assert (kept, look.enrolled) == ([("campaign", True)], 0)
    assert (gate.why, gate.is_in_order) == ("look_refused", False)
    assert f"There is no segment {segment.pk} any more." in gate.sentence
    Campaign.objects.filter(pk=campaign.pk).update(status="stopped")
    assert campaigns_enrolling_by_segment(segment) == []


def test_an_audience_follows_a_merged_tag(now):
    campaign = CampaignFactory()
    old, new = TagFactory.create_batch(2, organization=campaign.organization)
    audience = StandingAudience(
        segments=(SegmentFactory(organization=campaign.organization).pk,), exclude_tags=(new.pk, old.pk)
    )
    automatic.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)

    merge_tags(tag=old, into=new, actor=SYSTEM)

    campaign.refresh_from_db()
    assert campaign.standing_audience["exclude_tags"] == [new.pk]


def test_whom_it_leaves_out_is_said_where_it_waits_for_leads(now):
    campaign = automatic_campaign(now)
    Variant.objects.update(body_html="<p>{{ city }}</p>")
    SuppressionFactory(organization=campaign.organization, address=person(campaign, city="Brno").email_normalized)
    person(campaign, city="")

    automatic.look(campaign_id=campaign.pk, now=now)

    campaign.refresh_from_db()
    gate = gate_of_people(campaign, now)
    assert gate.sentence == (
        "Nobody was enrolled so far. It is automatic, and waits for new leads. Left out for now: "
        "1 lacking a value that a mail of the campaign shows; 1 suppressed."
    )
    assert gate.numbers["left_out"] == {"merge_value_missing": 1, "suppressed": 1}


def test_one_that_instantly_delivers_says_that_it_waits_for_leads(now):
    campaign = automatic_campaign(now)
    Campaign.objects.filter(pk=campaign.pk).update(delivered_by="instantly")
    campaign.refresh_from_db()

    empty = [gate.why for gate in why_campaign(campaign, now=now).gates if not gate.ok]
    RecipientFactory(campaign=campaign)
    Campaign.objects.filter(pk=campaign.pk).update(total_recipients=1, active_leads_count=1)
    campaign.refresh_from_db()
    filled = [gate.why for gate in why_campaign(campaign, now=now).gates if not gate.ok]

    assert (empty[:2], filled[:1]) == (["waiting_for_leads", "handed_over"], ["handed_over"])


def test_one_that_was_made_at_instantly_enrolls_nobody(now):
    campaign = CampaignFactory(auto_discovered=True, delivered_by="instantly", instantly_campaign_id="theirs")
    audience = StandingAudience((segment_of(campaign.organization, "Acme").pk,), before_start=True)

    with pytest.raises(StateRefused) as refused:
        automatic.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)

    assert refused.value.code == "made_elsewhere"


def test_what_was_wrong_with_the_audience_before_is_not_said_of_the_next(now):
    campaign = automatic_campaign(now)
    Segment.objects.all().delete()
    automatic.look(campaign_id=campaign.pk, now=now)
    mended = StandingAudience((segment_of(campaign.organization, "Zeta").pk,))

    campaign = automatic.set_audience(campaign=campaign, audience=mended, actor=SYSTEM, now=now)

    assert gate_of_people(campaign, now).why == "waiting_for_leads"


def test_a_look_that_breaks_off_is_told(now):
    campaign = automatic_campaign(now)
    Campaign.objects.filter(pk=campaign.pk).update(standing_audience={"unheard_of": 1})

    with pytest.raises(TypeError):
        look_for_people(campaign.pk)

    campaign.refresh_from_db()
    gate = gate_of_people(campaign, now)
    assert (gate.why, gate.is_in_order) == ("look_refused", False)
    assert "The look broke off. A fault of ours (TypeError)" in gate.sentence


@pytest.mark.django_db(transaction=True)
def test_a_look_that_takes_too_long_ends_and_is_told(now, monkeypatch):
    monkeypatch.setattr(looking, "LONGEST", timedelta(milliseconds=100))
    campaign = automatic_campaign(now)
    lead = person(campaign)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        RecipientFactory(campaign=campaign, lead=lead)  # for which the look waits: it may be undone
        look = pool.submit(_look_alone, campaign.pk, now).result(30)
        transaction.set_rollback(True)

    assert (look.enrolled, look.refused.partition(" than")[0]) == (0, "Going through everybody took longer")
    assert campaign.recipients.count() == 0


def test_a_copy_is_automatic_and_switched_off(now):
    campaign = automatic_campaign(now)

    copy = lifecycle.duplicate(campaign=campaign, name="Copy", actor=SYSTEM, now=now)

    assert (copy.is_automatic, copy.is_active, copy.deactivated_at) == (True, False, now)
    assert copy.standing_audience == campaign.standing_audience


def test_by_hand_people_still_come_in_beside_it(now):
    campaign = automatic_campaign(now)
    other = person(campaign, company="Elsewhere")

    enroll(campaign=campaign, selection=Selection(lead_ids=(other.pk,)), actor=SYSTEM, now=now)
    person(campaign)
    automatic.look(campaign_id=campaign.pk, now=now)

    assert (Recipient.objects.count(), findings()) == (2, [])


@pytest.mark.django_db(transaction=True)
def test_whoever_switches_it_off_first_keeps_everybody_out(now):
    campaign = automatic_campaign(now)
    person(campaign)

    one_behind_the_other(
        partial(automatic.deactivate, campaign=campaign, actor=SYSTEM, now=now),
        partial(automatic.look, campaign_id=campaign.pk, now=now),
    )

    assert (campaign.recipients.count(), Campaign.objects.get().is_active) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_looks(now):
    campaign = automatic_campaign(now)
    person(campaign)
    with ThreadPoolExecutor(2) as pool:
        looks = list(pool.map(_look_alone, [campaign.pk] * 2, [now] * 2))

    enrolled = [look.enrolled for look in looks if look is not None]
    assert (sum(enrolled), campaign.recipients.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_workers_look_gives_way_to_whoever_enrolls_and_is_made_soon_after(now):
    campaign = automatic_campaign(now)
    person(campaign)
    with transaction.atomic():
        hold_audience(campaign.organization_id)
        enrolled = [beside(partial(look_for_people, campaign.pk))]
        campaign.refresh_from_db()
        put_off = (campaign.last_look, gate_of_people(campaign, now).sentence, automatic.Look.of(campaign))
    asked = [automatic.ask_for_looks(now=timezone.now() + wait) for wait in (timedelta(0), looking.SOON)]
    enrolled += [look_for_people(campaign.pk)]

    assert (put_off[0], put_off[2]) == ({"put_off": looking._BUSY}, None)
    assert put_off[1].endswith(f"waits for new leads. The next look waits. {looking._BUSY}")
    campaign.refresh_from_db()
    assert (enrolled, asked, campaign.last_look["put_off"]) == ([0, 1], [0, 1], "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("workers", "enrolled"), [(3, 0), (4, 1)])
def test_workers_look_for_half_of_them_at_once(now, settings, workers, enrolled):
    settings.WORKERS = workers
    campaign = automatic_campaign(now)
    person(campaign)
    assert take_for_session(Lock.LOOK, 0)  # as another worker would for another campaign
    try:
        asked = automatic.ask_for_looks(now=now)
        found = beside(partial(look_for_people, campaign.pk))
    finally:
        let_go(Lock.LOOK, 0)

    campaign.refresh_from_db()
    assert (asked, found, campaign.last_look["put_off"]) == (
        enrolled,
        enrolled,
        "" if enrolled else looking._NO_ROOM,
    )


@pytest.mark.django_db(transaction=True)
def test_the_tick_waits_for_nobody_who_enrolls(now):
    ended, scheduled = automatic_campaign(now), automatic_campaign(now, start=False)
    automatic.deactivate(campaign=ended, actor=SYSTEM, now=now)
    Campaign.objects.filter(pk=scheduled.pk).update(status="scheduled", scheduled_at=now)
    with transaction.atomic():
        for campaign in (ended, scheduled):
            hold_audience(campaign.organization_id)
        meanwhile = [beside(partial(act, now=now)) for act in (lifecycle.complete_finished, lifecycle.start_due)]
    then = [act(now=now) for act in (lifecycle.complete_finished, lifecycle.start_due)]

    assert (meanwhile, then) == ([0, 0], [1, 1])
    assert list(Campaign.objects.order_by("pk").values_list("status", flat=True)) == ["completed", "running"]


def _look_alone(campaign_id: int, now: Any) -> Any:
    try:
        return automatic.look(campaign_id=campaign_id, now=now)
    finally:
        connection.close()
