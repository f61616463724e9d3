"""The calendar as a file, behind an address with a token."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from campaigns.models import CalendarFeed
from campaigns.ops.feeds import address_of, close_feed, renew_feed
from campaigns.tests.factories import CalendarItemFactory, MembershipFactory, OperatorTaskFactory
from campaigns.tokens import Purpose, sign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.admin.browsers import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return MembershipFactory(role="viewer")


def feed_for(member):
    return renew_feed(organization=member.organization, user=member.user, actor=SYSTEM)


def fetch(feed):
    return Client().get("/calendar/" + address_of(feed).rpartition("/")[2])


def test_the_file_is_read_back_as_it_was_meant(member):
    today = timezone.now().date()
    odd = "Fair; Prague, hall 3\\4, “naïve” " + "x" * 120
    CalendarItemFactory(
        organization=member.organization, kind="deadline", title=odd, starts_on=today, ends_on=today + timedelta(days=1)
    )
    task = OperatorTaskFactory(organization=member.organization, title="Call", due_at=timezone.now())

    answer = fetch(feed_for(member))

    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    events = {str(event["summary"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}
    deadline = events[f"Deadline: {odd}"]
    assert (deadline["dtstart"].dt, deadline["dtend"].dt) == (today, today + timedelta(days=2))
    assert abs(events["Task due: Call"]["dtstart"].dt - task.due_at) < timedelta(seconds=1)
    assert len({str(event["uid"]) for event in events.values()}) == len(events)


def test_another_organizations_calendar_is_not_in_it(member):
    CalendarItemFactory(title="Theirs", starts_on=timezone.now().date(), ends_on=timezone.now().date())

    assert b"Theirs" not in fetch(feed_for(member)).content


def test_a_renewed_closed_or_forged_address_answers_404(member):
    feed = feed_for(member)
    old = address_of(feed).rpartition("/")[2]
    renewed = feed_for(member)
    is_open = fetch(renewed).status_code
    forged = f"{sign(Purpose.WEBHOOK, feed.pk, renewed.turn)}.ics"
    answers = [Client().get(f"/calendar/{name}").status_code for name in (old, forged, "x.ics")]
    last = address_of(renewed).rpartition("/")[2]
    close_feed(feed=renewed, actor=SYSTEM)

    assert (is_open, answers) == (200, [404, 404, 404])
    assert Client().get(f"/calendar/{last}").status_code == 404
    assert not CalendarFeed.objects.exists()


def test_whoever_left_the_organization_reads_it_no_more(member):
    feed = feed_for(member)
    member.delete()

    assert fetch(feed).status_code == 404


def test_it_is_noted_that_it_was_read_but_not_each_time(member):
    feed = feed_for(member)
    fetch(feed)
    first = CalendarFeed.objects.get().read_at
    fetch(feed)

    assert first is not None
    assert CalendarFeed.objects.get().read_at == first


def test_without_the_operations_side_it_is_closed(member, settings):
    feed = feed_for(member)
    settings.CAMPAIGN_OPS_ENABLED = False

    assert fetch(feed).status_code == 404


def test_its_page_names_whose_it_is(member):
    feed = feed_for(member)
    client = client_of(member.user)

    page = client.get(reverse("admin:campaigns_calendarfeed_change", args=[feed.pk])).content.decode()

    assert f"Calendar of {member.organization.name} for {member.user}" in page


def test_only_reading_is_possible(member):
    address = "/calendar/" + address_of(feed_for(member)).rpartition("/")[2]

    assert Client().post(address).status_code == 405
