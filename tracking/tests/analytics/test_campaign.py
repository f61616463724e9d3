from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    EventFactory,
    MessageFactory,
    RecipientFactory,
    StepFactory,
    VariantFactory,
)
from tracking.analytics import campaign_analytics

pytestmark = pytest.mark.django_db

MACHINE = {"is_machine": True, "machine_reason": "scanner"}


def figures(campaign, *, now=NOON):
    return campaign_analytics(Campaign.objects.get(pk=campaign.pk), now=now)


def sent_to(campaign, *, step, variant=None, **given):
    return MessageFactory(recipient=RecipientFactory(campaign=campaign), step=step, variant=variant, **given)


def test_a_campaign_nobody_was_written_to_has_no_rates():
    people = figures(CampaignFactory())["people"]

    assert people["opened"] == {"count": 0, "of": 0, "rate": None}
    assert {share["rate"] for share in people.values()} == {None}


def test_people_are_counted_against_those_who_got_a_mail():
    campaign = CampaignFactory(
        total_recipients=50,
        recipients_reached=40,
        emails_opened=20,
        emails_clicked=10,
        emails_replied=4,
        emails_bounced=2,
    )
    for message in (MessageFactory(recipient__campaign=campaign), MessageFactory(recipient__campaign=campaign)):
        EventFactory(message=message, event_type="unsubscribe")

    assert figures(campaign)["people"] == {
        "opened": {"count": 20, "of": 40, "rate": 0.5},
        "clicked": {"count": 10, "of": 40, "rate": 0.25},
        "replied": {"count": 4, "of": 40, "rate": 0.1},
        "bounced": {"count": 2, "of": 40, "rate": 0.05},
        "unsubscribed": {"count": 2, "of": 40, "rate": 0.05},
        "complained": {"count": 0, "of": 40, "rate": 0.0},
    }


def test_rates_are_those_the_campaign_itself_shows():
    campaign = CampaignFactory(
        recipients_reached=8, emails_opened=4, emails_clicked=3, emails_replied=2, emails_bounced=1
    )

    people = figures(campaign)["people"]

    own = [campaign.open_rate, campaign.click_rate, campaign.reply_rate, campaign.bounce_rate]
    assert [people[name]["rate"] for name in ("opened", "clicked", "replied", "bounced")] == own


def test_events_of_people_and_machines_are_apart():
    message = MessageFactory()
    for _ in range(3):
        EventFactory(message=message)
    EventFactory(message=message, **MACHINE)
    EventFactory(message=message, event_type="click", **MACHINE)

    events = figures(message.recipient.campaign)["events"]

    assert events["open"] == {"human": 3, "machine": 1}
    assert events["click"] == {"human": 0, "machine": 1}
    assert events["reply"] == {"human": 0, "machine": 0}


def test_steps_and_wordings_count_messages_and_a_click_is_an_open():
    campaign = CampaignFactory()
    step = StepFactory(campaign=campaign)
    a, b = VariantFactory(step=step, label="A"), VariantFactory(step=step, label="B")
    opened, clicked, machine = (sent_to(campaign, step=step, variant=a) for _ in range(3))
    replied = sent_to(campaign, step=step, variant=b)
    sent_to(campaign, step=step, variant=b, status="failed", sent_at=None, reason="content")
    sent_to(campaign, step=step, variant=None)
    for _ in range(2):
        EventFactory(message=opened)
    EventFactory(message=clicked, event_type="click")
    EventFactory(message=machine, **MACHINE)
    EventFactory(message=replied, event_type="reply")

    (found,) = figures(campaign)["steps"]

    assert (found["step"], found["position"], found["sent"]) == (step.pk, 1, 5)
    assert found["opened"] == {"count": 2, "of": 5, "rate": 0.4}
    assert found["clicked"] == {"count": 1, "of": 5, "rate": 0.2}
    assert found["replied"] == {"count": 1, "of": 5, "rate": 0.2}
    of_a, of_b = found["variants"]
    assert (of_a["variant"], of_a["label"], of_a["sent"], of_a["opened"]["count"]) == (a.pk, "A", 3, 2)
    assert (of_b["variant"], of_b["label"], of_b["sent"], of_b["replied"]["count"]) == (b.pk, "B", 1, 1)


def test_a_step_not_sent_yet_is_there_with_nothing():
    campaign = CampaignFactory()
    StepFactory(campaign=campaign)
    StepFactory(campaign=campaign)

    steps = figures(campaign)["steps"]

    assert [(step["position"], step["sent"], step["opened"]["rate"]) for step in steps] == [(1, 0, None), (2, 0, None)]


def test_days_are_the_last_thirty_with_the_empty_ones():
    message = MessageFactory(sent_at=NOON - timedelta(days=1))
    EventFactory(message=message, created_at=NOON)
    EventFactory(message=message, created_at=NOON, **MACHINE)
    EventFactory(message=message, event_type="reply", created_at=NOON - timedelta(days=29))
    EventFactory(message=message, event_type="reply", created_at=NOON - timedelta(days=30))

    days = figures(message.recipient.campaign)["days"]

    assert [day["date"] for day in days] == [date(2026, 11, 20) - timedelta(days=back) for back in range(29, -1, -1)]
    assert (days[-1]["open"], days[-1]["machine"]["open"], days[-2]["sent"], days[0]["reply"]) == (1, 1, 1, 1)
    assert sum(day["reply"] for day in days) == 1


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 11, 20)), ("Pacific/Auckland", date(2026, 11, 21)), ("Pacific/Pago_Pago", date(2026, 11, 20))],
)
def test_days_are_those_of_the_campaigns_time_zone(zone, day):
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    message = MessageFactory(recipient__campaign__timezone=zone, sent_at=at)
    EventFactory(message=message, created_at=at)

    days = figures(message.recipient.campaign, now=at)["days"]

    assert [found["date"] for found in days if found["open"]] == [day]
    assert [found["date"] for found in days if found["sent"]] == [day]


def test_nothing_of_another_campaign_shows():
    campaign = CampaignFactory()
    EventFactory(event_type="unsubscribe")

    found = figures(campaign)

    assert (found["steps"], found["people"]["unsubscribed"]["count"]) == ([], 0)
    assert sum(day["sent"] + day["unsubscribe"] for day in found["days"]) == 0


def test_the_number_of_queries_does_not_grow():
    def queries(steps):
        campaign = CampaignFactory()
        for _ in range(steps):
            step = StepFactory(campaign=campaign)
            for label in "AB":
                variant = VariantFactory(step=step, label=label)
                EventFactory(message=sent_to(campaign, step=step, variant=variant))
        with CaptureQueriesContext(connection) as captured:
            campaign_analytics(campaign, now=NOON)
        return len(captured)

    assert [queries(1), queries(3)] == [12, 12]


def test_the_answer_can_be_sent_as_json():
    DjangoJSONEncoder().encode(figures(EventFactory().message.recipient.campaign))


def test_the_funnel_goes_down_by_people_and_who_was_refused_at_once_was_never_sent_to():
    campaign = CampaignFactory(
        total_recipients=10, recipients_reached=4, emails_bounced=2, emails_replied=1, booked_count=2
    )
    for sent, bounced in ((NOON, None), (NOON, None), (NOON, None), (NOON, NOON), (None, NOON), (None, None)):
        RecipientFactory(campaign=campaign, sent_at=sent, bounced_at=bounced)

    stages = {stage["stage"]: stage for stage in figures(campaign)["funnel"]}

    assert [(name, stage["people"]) for name, stage in stages.items()] == [
        ("enrolled", 10),
        ("sent", 4),
        ("delivered", 3),
        ("replied", 1),
        ("booked", 2),
    ]
    assert (stages["enrolled"]["of_previous"], stages["sent"]["of_previous"]["rate"]) == (None, 0.4)
    assert stages["replied"]["of_delivered"] == {"count": 1, "of": 3, "rate": 0.333333}


@pytest.mark.parametrize(("zone", "weekday", "hour"), [("UTC", 5, 12), ("Pacific/Auckland", 6, 1)])
def test_hours_of_replies_are_those_of_people_in_the_campaigns_time_zone(zone, weekday, hour):
    message = MessageFactory(recipient__campaign__timezone=zone)
    for at in (NOON, NOON + timedelta(minutes=59)):
        EventFactory(message=message, event_type="reply", created_at=at)
    EventFactory(message=message, event_type="reply", created_at=NOON, **MACHINE)
    EventFactory(message=message, event_type="click", created_at=NOON)

    found = figures(message.recipient.campaign)["reply_hours"]

    assert found == [{"weekday": weekday, "hour": hour, "replies": 2}]


def test_what_did_not_arrive_is_told_by_reason_the_most_frequent_first():
    campaign = CampaignFactory()
    step = StepFactory(campaign=campaign)
    for reason in ("policy", "address_dead", "policy", "policy"):
        sent_to(campaign, step=step, status="failed", sent_at=None, reason=reason)
    for data in ({"kind": "soft", "status": "4.2.2"}, {"kind": "soft", "status": "4.2.2"}, {}):
        EventFactory(message=sent_to(campaign, step=step), event_type="bounce", event_data=data)

    found = [tuple(row.values()) for row in figures(campaign)["undelivered"]]

    assert found == [
        ("failed", "policy", "", 3),
        ("bounced", "soft", "4.2.2", 2),
        ("bounced", "", "", 1),
        ("failed", "address_dead", "", 1),
    ]
