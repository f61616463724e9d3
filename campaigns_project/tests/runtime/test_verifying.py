from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from campaigns_project.runtime.verifying import IF_DUE, NOW, ask_if_due, verify_if_due, verify_now
from campaigns_project.verification.kept import begin, unfinished_since, verify_and_keep
from campaigns_project.verification.models import VerificationReport
from campaigns_project.workers import stopping

pytestmark = pytest.mark.django_db


def verified(ago: timedelta) -> None:
    values = {"seconds": 1, "error_count": 0, "warning_count": 0, "content": {"findings": []}}
    VerificationReport.objects.create(begun_at=timezone.now() - ago, **values)


def test_a_database_that_was_never_verified_is_due():
    assert ask_if_due(now=timezone.now())
    assert [queued.func() for queued in OrmQ.objects.all()] == [IF_DUE]


@pytest.mark.parametrize(("ago", "is_due"), [(timedelta(hours=23), False), (timedelta(hours=25), True)])
def test_it_is_verified_once_a_day(ago: timedelta, is_due: bool):
    verified(ago)

    assert (ask_if_due(now=timezone.now()), OrmQ.objects.count()) == (is_due, int(is_due))


def test_of_several_that_waited_only_the_first_verifies():
    verified(timedelta(minutes=1))

    verify_if_due()

    assert VerificationReport.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_due_is_verified_and_kept():
    verify_if_due()

    assert VerificationReport.objects.get().begun_at > timezone.now() - timedelta(minutes=5)


@pytest.fixture
def asked_to_stop() -> Iterator[None]:
    """As in a worker that was asked to stop; the word is taken back afterwards."""
    stopping.ask_to_stop()
    yield
    stopping.take_back()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_to_stop_breaks_it_off_and_it_is_due_as_before(asked_to_stop: None):
    verify_if_due()

    assert not VerificationReport.objects.exists()
    assert ask_if_due(now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_one_that_was_asked_for_is_left_to_another_worker_by_one_that_is_to_stop(asked_to_stop: None):
    verify_now()

    assert not VerificationReport.objects.exists()
    assert [queued.func() for queued in OrmQ.objects.all()] == [NOW]


def test_one_that_was_killed_is_not_queued_again_every_hour():
    begin()

    assert not ask_if_due(now=timezone.now() + timedelta(hours=1))
    assert ask_if_due(now=timezone.now() + timedelta(hours=25))


@pytest.mark.django_db(transaction=True)
def test_that_it_was_begun_is_forgotten_when_it_has_ended():
    begin()

    verify_and_keep()

    assert (unfinished_since(), VerificationReport.objects.count()) == (None, 1)


def test_of_many_that_were_killed_the_last_is_remembered():
    begin()
    last = begin()

    assert (unfinished_since(), VerificationReport.objects.count()) == (last.begun_at, 1)
