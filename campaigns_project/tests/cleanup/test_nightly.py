"""The look every night: once, wherever the tick runs, and an alert for whoever can mend it."""

from datetime import UTC, datetime, timedelta

import pytest
from django_q.models import OrmQ

from campaigns.tests.factories import MembershipFactory, UserFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.cleanup.asked import clean
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.nightly import latest_orphan_report, look_for, look_nightly
from campaigns_project.cleanup.tasks import look_for_orphans, remove_orphans
from campaigns_project.runtime.duties import DUTIES
from campaigns_project.tests.admin.browsers import client_of, press
from campaigns_project.tests.cleanup.orphans import gone_campaign, loose_rows
from leads.models import RawLead

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 21, 3, 0, 1, tzinfo=UTC)


@pytest.fixture
def ask(django_capture_on_commit_callbacks):
    """The duty, with its transaction committed; answers whether a look was queued."""

    def at(now):
        with django_capture_on_commit_callbacks(execute=True):
            return look_nightly(now=now)

    return at


def test_it_is_a_duty_of_the_tick():
    assert any("orphans" in duty.name for duty in DUTIES)


def test_it_is_queued_once_a_night_however_often_the_clock_asks(ask):
    asked = [ask(NIGHT + timedelta(minutes=5 * number)) for number in range(10)]

    assert asked == [True, *[False] * 9]
    assert OrmQ.objects.count() == 1


def test_not_before_three_and_again_the_next_night(ask):
    assert not ask(NIGHT - timedelta(seconds=2))
    assert ask(NIGHT)
    assert ask(NIGHT + timedelta(days=1))


def test_a_system_that_was_down_at_night_looks_when_it_is_up_again(ask):
    assert ask(NIGHT + timedelta(hours=13))


def test_one_whose_worker_died_is_tried_again_but_not_for_ever(ask):
    asked = [ask(NIGHT + timedelta(minutes=61 * number)) for number in range(6)]

    assert asked == [True, True, True, False, False, False]
    assert OrphanReport.objects.get().tries == 3


def test_the_task_notes_what_was_found_and_changes_nothing(ask):
    loose_rows(gone_campaign(), 2)
    ask(NIGHT)
    report = OrphanReport.objects.get()

    said = look_for_orphans(report.pk)

    report.refresh_from_db()
    assert said == "6 rows without a parent."
    assert (report.found, report.removed, RawLead.objects.count()) == (6, 0, 2)
    assert latest_orphan_report() == report
    assert report.needs_attention


def test_a_task_that_runs_twice_looks_once():
    report = OrphanReport.objects.create(queued_at=NIGHT)
    look_for(report, now=NIGHT)
    loose_rows(gone_campaign())

    look_for_orphans(report.pk)

    report.refresh_from_db()
    assert (report.found, report.finished_at) == (0, NIGHT)


def test_home_tells_system_administrators_until_it_is_mended():
    loose_rows(gone_campaign(), 2)
    look_for(OrphanReport.objects.create(queued_at=NIGHT), now=NIGHT)
    administrator = client_of(UserFactory(is_superuser=True, is_staff=True))
    owner = client_of(MembershipFactory(role=Role.OWNER).user)

    assert any("6 rows without a parent" in text for text in alerts_of(administrator))
    assert alerts_of(owner) == []
    clean(actor=SYSTEM, now=NIGHT + timedelta(hours=9))
    assert not any("without a parent" in text for text in alerts_of(administrator))


def alerts_of(browser):
    return [alert.text for alert in browser.get("/admin/").context["alerts"]]


def test_the_page_looks_and_removes_for_system_administrators_alone():
    loose_rows(gone_campaign(), 2)
    administrator = client_of(UserFactory(is_superuser=True, is_staff=True))
    owner = client_of(MembershipFactory(role=Role.OWNER).user)
    page = "/admin/cleanup/orphanreport/"

    assert [press(owner, f"{page}{act}/").status_code for act in ("look", "remove")] == [403, 403]
    assert OrphanReport.objects.count() == 0
    assert b"Remove orphans" not in administrator.get(page).content
    press(administrator, f"{page}look/")
    look_for_orphans(OrphanReport.objects.get().pk)
    assert b"Remove orphans" in administrator.get(page).content
    press(administrator, f"{page}remove/")
    remove_orphans(OrphanReport.objects.first().pk)
    assert (RawLead.objects.count(), latest_orphan_report().removed) == (0, 6)
