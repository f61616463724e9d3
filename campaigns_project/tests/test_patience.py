"""Lists that cannot be found at once are looked through part by part."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.tests.factories import LeadFactory, OrganizationFactory
from campaigns_project.patience import Part, TookTooLong, look, within
from leads.models import Lead, Tag
from leads.segments import members
from leads.tests.slow import far_apart, slow_segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def home() -> Any:
    return OrganizationFactory()


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


def test_what_takes_too_long_is_given_up_and_what_was_written_beside_it_does_not_count(home: Any) -> None:
    usual = limit()

    with pytest.raises(TookTooLong), within(20), connection.cursor() as cursor:
        Tag.objects.create(organization=home, name="vip")
        cursor.execute("SELECT pg_sleep(5)")

    assert (Tag.objects.count(), limit()) == (0, usual)


def test_what_is_quick_is_done_and_has_its_usual_time_afterwards(home: Any) -> None:
    usual = limit()

    with within(5_000):
        Tag.objects.create(organization=home, name="vip")
        inside = limit()

    assert (Tag.objects.count(), inside, limit()) == (1, "250s", usual)  # so many tests share the machine


@pytest.mark.parametrize(("upward", "found"), [(False, [5, 4, 3]), (True, [1, 2, 3])])
def test_a_page_has_the_first_of_those_that_fit(home: Any, upward: bool, found: list[int]) -> None:
    for number in range(1, 6):
        LeadFactory(organization=home, pk=number)

    assert look(Lead.objects.all(), most=3, upward=upward) == Part(found)


@pytest.mark.parametrize(("upward", "found"), [(False, [2, 1]), (True, [4, 5])])
def test_the_next_page_begins_after_a_key_and_says_when_it_has_all(home: Any, upward: bool, found: list[int]) -> None:
    for number in range(1, 6):
        LeadFactory(organization=home, pk=number)

    assert look(Lead.objects.all(), most=3, beyond=3, upward=upward) == Part(found)


@pytest.mark.parametrize("upward", [False, True])
def test_a_slow_list_is_found_part_by_part_with_everybody_once(home: Any, upward: bool) -> None:
    leads = [lead.pk for lead in far_apart(home)]
    with slow_segment(home) as segment:
        slow = members(segment, now=timezone.now())
        parts = [look(slow, most=50, upward=upward)]
        while parts[-1].reached is not None:
            parts.append(look(slow, most=50, beyond=parts[-1].reached, upward=upward))

    assert [key for part in parts for key in part.keys] == (leads[::-1] if upward else leads)
    assert len(parts) > 1
    shares = [part.share for part in parts]
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] == 1


def test_a_slow_list_that_fills_its_page_goes_on_from_its_last_row(home: Any) -> None:
    leads = [lead.pk for lead in far_apart(home)]
    with slow_segment(home) as segment:
        part = look(members(segment, now=timezone.now()), most=3)

    assert part == Part(leads[:3])
