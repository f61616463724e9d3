from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.tests.factories import NOON, EventFactory, MessageFactory, RecipientFactory, StepFactory, VariantFactory
from tracking.admin.heat import heat
from tracking.admin.results import results
from tracking.admin.why_not import why_not
from tracking.analytics import campaign_analytics

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    """One that was sent on two days, answered once, opened by a machine."""
    step = StepFactory()
    variant = VariantFactory(step=step, subject="Less waiting at the quay")
    for at in (NOON, NOON, NOON - timedelta(days=3)):
        message = MessageFactory(
            recipient=RecipientFactory(campaign=step.campaign), step=step, variant=variant, status="sent", sent_at=at
        )
    EventFactory(message=message, event_type="reply", created_at=NOON)
    EventFactory(message=message, event_type="open", created_at=NOON, is_machine=True, machine_reason="scanner")
    Campaign.objects.filter(pk=step.campaign_id).update(recipients_reached=3, emails_replied=1)
    return Campaign.objects.get(pk=step.campaign_id)


def shown(campaign: Campaign) -> dict:
    return results(campaign_analytics(campaign, now=NOON))


def test_days_are_drawn_up_to_today_by_the_highest_of_them(campaign: Campaign):
    columns = {column.day: column for column in shown(campaign)["drawing"].columns}

    today = columns[NOON.date()]
    assert (len(columns), max(columns)) == (30, NOON.date())
    assert (today.sent, today.replied, columns[NOON.date() - timedelta(days=3)].sent) == (100, 100, 50)
    assert today.words.endswith("2 sent, 0 bounced, 1 replied")


def test_a_campaign_that_ended_shows_the_days_up_to_a_week_after_its_end(campaign: Campaign):
    campaign.completed_at = NOON

    found = results(campaign_analytics(campaign, now=NOON + timedelta(days=100)))

    assert found["drawing"].columns[-1].day == NOON.date() + timedelta(days=6)
    assert found["drawing"].most_sent == 2


def test_the_table_has_the_days_on_which_something_happened_the_newest_first(campaign: Campaign):
    days: list[date] = [day["date"] for day in shown(campaign)["days"]]

    assert days == [NOON.date(), NOON.date() - timedelta(days=3)]


def test_hours_are_shown_from_fifty_replies_on_with_the_fullest_three_in_words():
    hours = [{"weekday": 2, "hour": 9, "replies": 20}, {"weekday": 2, "hour": 11, "replies": 20}]
    few = heat([*hours, {"weekday": 7, "hour": 23, "replies": 9}])
    enough = heat([*hours, {"weekday": 7, "hour": 23, "replies": 10}])

    assert (few.rows, few.sentence.rpartition(": ")[2]) == ((), "49 so far.")
    assert enough.sentence == "Most replies come on Tuesday from 9:00 to 12:00: 40 of 50."
    assert [(day, len(cells)) for day, cells in enough.rows][-1] == ("Sunday", 24)
    assert [cell.shade for cell in enough.rows[6][1]][-2:] == [0, 50]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("failed", "address_dead", ""), "Refused: the address is dead"),
        (("failed", "merge_value_missing", ""), "Merge value missing"),
        (("failed", "deferred_too_long", ""), "The mail server put it off for four days"),
        (("bounced", "hard", "5.1.1"), "Came back: the address is dead (5.1.1: the address)"),
        (("bounced", "sender", "5.7.26"), "Came back because of the sender (5.7.26: security or policy)"),
        (("bounced", "", "gibberish"), "Came back (gibberish)"),
        (("bounced", "", ""), "Came back"),
    ],
)
def test_why_a_mail_did_not_arrive_is_said_in_words(row: tuple[str, str, str], words: str):
    how, reason, status = row

    (cause,) = why_not([{"how": how, "reason": reason, "status": status, "mails": 2}], campaign=1)

    assert (cause.words, cause.mails, cause.most) == (words, 2, 2)


def test_the_page_shows_figures_of_each_wording_and_machines_apart(campaign: Campaign, client: Client):
    client.force_login(get_user_model().objects.create_superuser(email="root@example.com", password="x"))

    page = client.get(reverse("admin:campaigns_campaign_results", args=[campaign.pk])).content.decode()

    assert "Less waiting at the quay" in page
    assert "33.3 % (1 of 3)" in page
    assert "By machines" in page


def test_the_page_of_a_campaign_without_anything_says_so(client: Client):
    client.force_login(get_user_model().objects.create_superuser(email="root@example.com", password="x"))
    empty = StepFactory().campaign

    page = client.get(reverse("admin:campaigns_campaign_results", args=[empty.pk])).content.decode()

    assert "Nothing was sent and nobody answered" in page
    assert "Show as table" not in page
    assert "Nobody is enrolled yet." in page
    assert "No mail failed or came back." in page
    assert "none yet" in page
