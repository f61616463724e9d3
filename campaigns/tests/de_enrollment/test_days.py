"""Whom runs took out, day by day, as the page of de-enrollment draws it."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.de_enrollment_days import days_of
from campaigns.models import DeEnrollmentRun
from campaigns.tests.factories import CampaignFactory, MailboxFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.admin.browsers import member

pytestmark = pytest.mark.django_db


def ran(home: Organization, by_reason: dict[str, int], *, days_ago: int = 0, **more: Any) -> DeEnrollmentRun:
    at = timezone.now() - timedelta(days=days_ago)
    return DeEnrollmentRun.objects.create(
        organization=home, status="succeeded", by_reason=by_reason, removed=sum(by_reason.values()), created_at=at,
        finished_at=at, **more,
    )  # fmt: skip


def test_people_stand_under_the_day_and_the_kind_of_their_reason_and_one_question_finds_them(
    django_assert_num_queries: Any,
) -> None:
    home, now = OrganizationFactory(), timezone.now()
    ran(home, {"completed": 3, "hard_bounce": 1})
    ran(home, {"completed": 1, "booked": 1}, days_ago=2)
    ran(home, {"completed": 100}, days_ago=20)
    ran(home, {"completed": 100}, is_dry_run=True)
    ran(home, {"completed": 100}, campaign=CampaignFactory(organization=home, deleting_at=now))
    ran(OrganizationFactory(), {"completed": 100})

    with django_assert_num_queries(1):
        shown = days_of([home.pk], now=now)

    told = {day.date: (day.people, day.counts, day.height) for day in shown.told}
    today = timezone.localdate(now)
    assert told == {today: (4, [3, 0, 0, 1, 0], 100), today - timedelta(days=2): (2, [1, 1, 0, 0, 0], 50)}
    assert shown.sentence == (
        "In the last 14 days runs took out 6 people: 4 finished, 1 replied or booked, 1 not reached."
    )


def test_the_list_of_runs_is_narrowed_to_dry_runs_or_to_those_that_took_people_out() -> None:
    home = OrganizationFactory()
    dry, acted = ran(home, {"completed": 1}, is_dry_run=True), ran(home, {"completed": 1})
    owner, page = member(home, Role.OWNER), reverse("admin:campaigns_deenrollmentrun_changelist")

    found = [list(owner.get(page, {"kind": kind}).context["cl"].result_list) for kind in ("dry", "acted")]

    assert found == [[dry], [acted]]


def test_the_page_says_how_the_mailboxes_are_read_by_which_people_leave() -> None:
    home, now = OrganizationFactory(), timezone.now()
    owner, page = member(home, Role.OWNER), reverse("admin:campaigns_deenrollmentrun_changelist")
    MailboxFactory(last_read_at=now)
    before = owner.get(page).content.decode()
    MailboxFactory(organization=home, last_read_at=now)
    MailboxFactory(organization=home, last_read_at=now - timedelta(hours=3), last_error="refused")
    MailboxFactory(organization=home, status="paused", status_reason="by hand", last_error="refused")

    after = owner.get(page).content.decode()

    assert "none is read here" in before
    assert ("1 of 2 not read" in after, ">3 h ago<" in after) == (True, True)


def test_the_page_has_the_same_as_a_table_and_says_so_where_there_is_nothing_to_draw() -> None:
    home = OrganizationFactory()
    owner, page = member(home, Role.OWNER), reverse("admin:campaigns_deenrollmentrun_changelist")

    before = owner.get(page).content.decode()
    ran(home, {"unsubscribed": 2})
    after = owner.get(page).content.decode()

    assert ("No run took anybody out in the last 14 days." in before, "Show as table" in before) == (True, False)
    assert ("2 opted out" in after, '<th scope="col" class="fl-right">Opted out</th>' in after) == (True, True)
