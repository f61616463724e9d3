"""Leads ranked for a campaign by rules with points."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from campaigns import ranking
from campaigns.enrollment import Selection, enroll
from campaigns.locks import hold_ranking
from campaigns.models import Job, LeadRanking, Recipient
from campaigns.ranking import asking
from campaigns.tasks import rank_leads, resume_stalled_rankings
from campaigns.tests.factories import (
    CampaignFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SegmentFactory,
    TagFactory,
)
from campaigns.tests.sending.test_races import PATIENCE, alone, wait_for_waiters
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.models import Lead
from leads.segments.keeping import freeze_segment
from leads.tests.segments.people import NOW
from leads.tests.segments.test_reading import one

pytestmark = pytest.mark.django_db

EVERYONE = Selection(everyone=True)


@pytest.fixture
def campaign() -> Any:
    return CampaignFactory()


def rules_of(campaign: Any, *rules: tuple[Any, ...]) -> None:
    named = [dict(zip(("field", "operator", "value", "points"), rule, strict=True)) for rule in rules]
    ranking.set_ranking_rules(campaign=campaign, rules=named, actor=SYSTEM)
    campaign.refresh_from_db()


def ask(campaign: Any, selection: Selection = EVERYONE) -> Job:
    return ranking.ask_ranking(campaign=campaign, selection=selection, actor=SYSTEM, now=NOW)


def ranked(campaign: Any, selection: Selection = EVERYONE) -> list[tuple[Any, ...]]:
    ask(campaign, selection)
    return list(LeadRanking.objects.order_by("rank").values_list("rank", "lead", "score", "reasons"))


def lead(campaign: Any, **fields: Any) -> int:
    return LeadFactory(organization=campaign.organization, **fields).pk


def test_points_add_up_and_the_reasons_stand_beside_them_in_words(campaign: Any) -> None:
    vip = TagFactory(organization=campaign.organization, name="vip")
    plain, boss = lead(campaign, title="Clerk"), lead(campaign, title="CTO, EMEA", company_size=80)
    director = lead(campaign, title="Director", verification="unavailable")
    LeadTagFactory(lead=Lead.objects.get(pk=director), tag=vip)
    LeadFactory(title="CTO")
    rules_of(
        campaign,
        ("title", "has_any_word", ["CTO", "VP"], 20),
        ("company_size", "between", [50, 200], 10),
        ("tag", "any_of", [vip.pk], 5),
        ("verification", "is_any_of", ["unavailable"], -50),
    )

    assert ranked(campaign) == [
        (1, boss, 30, {"title contains any of the words CTO or VP": 20, "company size is between 50 and 200": 10}),
        (2, plain, 0, {}),
        (3, director, -45, {"tag is vip": 5, "verification is does not work": -50}),
    ]


def test_among_equals_the_older_lead_comes_first_and_nobody_else_is_ranked(campaign: Any) -> None:
    first, second, third = (lead(campaign, city=city) for city in ("Brno", "Brno", "Praha"))
    rules_of(campaign, ("city", "is", "brno", 1))
    ranked(campaign)

    again = ranked(campaign, Selection(lead_ids=(second, first)))

    assert [row[:2] for row in again] == [(1, first), (2, second)]
    assert ranked(campaign, Selection(lead_ids=(third,)))[0][:2] == (1, third)


def test_a_ranking_that_comes_out_the_same_writes_no_row(campaign: Any) -> None:
    lead(campaign, city="Brno")
    rules_of(campaign, ("city", "is", "brno", 1))
    ranking.rank(campaign=campaign, leads=Lead.objects.all(), now=NOW)
    earlier = LeadRanking.objects.get()

    number = ranking.rank(campaign=campaign, leads=Lead.objects.all(), now=NOW.replace(hour=13))

    assert (number, LeadRanking.objects.get().computed_at) == (1, earlier.computed_at)


@pytest.mark.parametrize(
    ("rule", "code", "path"),
    [
        ("no list", "rules_malformed", ""),
        ([{"field": "title", "operator": "is", "value": "x", "weight": 1}], "rules_malformed", "/0"),
        ([{"field": "title", "operator": "is", "value": "x"}], "bad_value", "/0/points"),
        ([{"field": "title", "operator": "is", "value": "x", "points": 0}], "bad_value", "/0/points"),
        ([{"field": "titel", "operator": "is", "value": "x", "points": 1}], "unknown_field", "/0/field"),
        ([{"field": "email", "operator": "is", "value": "x", "points": 1}], "unknown_field", "/0/field"),
        ([{"field": "tag", "operator": "any_of", "value": [1], "points": 1}], "no_such_row", "/0/value"),
        ([{"field": "title", "operator": "is", "value": "x", "points": 1}] * 2, "rules_malformed", "/1"),
    ],
)
def test_rules_that_cannot_be_asked_are_refused_at_their_place(campaign: Any, rule: Any, code: str, path: str) -> None:
    with pytest.raises(Refused) as refused:
        ranking.set_ranking_rules(campaign=campaign, rules=rule, actor=SYSTEM)

    assert (refused.value.code, refused.value.details["path"]) == (code, path)


def test_without_rules_there_is_nothing_to_rank_by(campaign: Any) -> None:
    with pytest.raises(Refused) as refused:
        ranking.ask_ranking(campaign=campaign, selection=EVERYONE, actor=SYSTEM, now=NOW)

    assert (refused.value.code, refused.value.status) == ("no_ranking_rules", 409)


def test_many_leads_are_ranked_by_a_worker_and_a_newer_question_replaces_an_older_one(
    campaign: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 1)
    lead(campaign)
    lead(campaign)
    rules_of(campaign, ("company", "is", "Acme", 1))

    first, second = ask(campaign), ask(campaign)
    done = [rank_leads(first.pk), rank_leads(second.pk), rank_leads(second.pk)]

    assert done == [False, True, False]
    assert list(Job.objects.order_by("pk").values_list("status", "result")) == [
        ("canceled", {}),
        ("succeeded", {"ranked": 2}),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_ranking_that_was_replaced_while_it_waited_writes_nothing(campaign: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 0)
    lead(campaign)
    rules_of(campaign, ("company", "is", "Acme", 1))
    older = ask(campaign)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            hold_ranking(campaign.pk)
            waiting = pool.submit(alone, partial(rank_leads, older.pk))
            wait_for_waiters(1)
            ask(campaign)
        is_done = waiting.result(timeout=PATIENCE)

    assert (is_done, LeadRanking.objects.count()) == (False, 0)


def test_while_another_ranking_is_under_way_few_leads_wait_for_a_worker_as_well(campaign: Any) -> None:
    rules_of(campaign, ("company", "is", "Acme", 1))
    older = ask(campaign)
    Job.objects.filter(pk=older.pk).update(status="running", finished_at=None)

    newer = ask(campaign)

    older.refresh_from_db()
    assert (older.status, newer.status) == ("canceled", "queued")


LONG_AGO = NOW.replace(year=2020)


@pytest.mark.parametrize(
    "left", [{"status": "running", "heartbeat_at": LONG_AGO}, {"heartbeat_at": None, "created_at": LONG_AGO}]
)
def test_a_ranking_whose_worker_died_is_queued_again(campaign: Any, monkeypatch: Any, left: Any) -> None:
    monkeypatch.setattr(asking, "AT_ONCE", 0)
    lead(campaign)
    rules_of(campaign, ("company", "is", "Acme", 1))
    Job.objects.filter(pk=ask(campaign).pk).update(**left)

    assert (resume_stalled_rankings(), resume_stalled_rankings()) == (1, 0)


def test_the_best_of_a_segment_are_enrolled_and_the_next_best_after_them(campaign: Any) -> None:
    cities = ("Praha", "Brno", "Brno", "Wien")
    low, best, next_best, excluded = (lead(campaign, city=city) for city in cities)
    LeadTagFactory(lead_id=excluded, tag=TagFactory(organization=campaign.organization, name="no"))
    rules_of(campaign, ("city", "is", "brno", 10), ("city", "is", "wien", 20))
    ranked(campaign)
    selection = Selection(everyone=True, exclude_tag="No", top=1)

    for expected in ([best], [best, next_best], [best, next_best, low]):
        enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=NOW)
        assert list(Recipient.objects.order_by("pk").values_list("lead", flat=True)) == expected


@pytest.mark.parametrize("is_frozen", [False, True])
def test_nobody_of_a_segment_that_is_left_out_is_enrolled(campaign: Any, is_frozen: bool) -> None:
    in_brno, somewhere = lead(campaign, city="Brno"), lead(campaign, city="")
    segment: Any = SegmentFactory(organization=campaign.organization, rules=one("city", "is", "brno"))
    if is_frozen:
        freeze_segment(segment=segment, actor=SYSTEM, now=NOW)
        Lead.objects.filter(pk=in_brno).update(city="Praha")

    selection = Selection(everyone=True, exclude_segment=segment.pk)
    enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=NOW)

    assert [recipient.lead_id for recipient in Recipient.objects.all()] == [somewhere]


def test_who_is_not_ranked_is_not_among_the_best(campaign: Any) -> None:
    lead(campaign)

    result = enroll(campaign=campaign, selection=Selection(everyone=True, top=5), actor=SYSTEM, now=NOW)

    assert (result.enrolled, result.skipped) == (0, {})


def test_what_is_said_of_a_selection_can_be_stored_and_read_again() -> None:
    for selection in (
        Selection(lead_ids=(1, 2), top=3),
        Selection(segment=4, exclude_tag="no", exclude_segment=5),
        Selection(filter={"q": "ana"}),
        EVERYONE,
    ):
        assert Selection.of_json(selection.as_json()) == selection


def test_a_campaign_that_is_gone_is_not_ranked(campaign: Any) -> None:
    RecipientFactory(campaign=campaign)
    rules_of(campaign, ("company", "is", "Acme", 1))
    type(campaign).objects.filter(pk=campaign.pk).update(deleting_at=NOW)

    with pytest.raises(Refused) as refused:
        ranking.ask_ranking(campaign=campaign, selection=EVERYONE, actor=SYSTEM, now=NOW)

    assert refused.value.status == 404
