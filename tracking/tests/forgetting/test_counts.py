"""Whatever is forgotten, and when: what is counted stays what it was, and nothing is found to be wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from campaigns.models import Campaign, Message, Recipient
from campaigns.recounting import miscounts
from campaigns.tests.test_counters import Play
from campaigns_project.accounts.models import Organization
from campaigns_project.tests.verification.rows.asking import told
from tracking.forgetting import count_old, forget_old
from tracking.models import EmailEvent
from tracking.tests.forgetting.making import DAY, NOW, event, incoming

pytestmark = pytest.mark.django_db

AGES = some.none() | some.integers(7, 60)


@pytest.fixture
def play() -> Play:
    """A campaign in the middle of everything, with an event of each person's mail and a reply or two."""
    play = Play(7)
    for _ in range(25):
        play.step()
    for message in Message.objects.filter(status="sent")[:6]:
        event(message, timedelta(0), event_type="forward", event_data={"reason": "Ana"})
        incoming(message, timedelta(0))
    return play


def what_is_counted() -> list[Any]:
    return [
        list(Campaign.objects.order_by("pk").values()),
        list(Recipient.objects.order_by("pk").values()),
        list(Message.objects.order_by("pk").values(*LEFT_OF_MESSAGES)),
        list(EmailEvent.objects.order_by("pk").values("campaign_recipient", "event_type", "is_machine", "created_at")),
    ]


LEFT_OF_MESSAGES = [
    field.attname for field in Message._meta.concrete_fields if field.name not in {"merge_values", "values_cleared_at"}
]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=AGES, details=AGES, ahead=some.integers(0, 70))
def test_counts_before_and_after_agree_and_the_rows_are_sound(play, values, details, ahead):
    now = NOW + ahead * DAY + timedelta(hours=1)  # the play began after NOW
    with transaction.atomic():
        Organization.objects.update(values_kept_days=values, details_kept_days=details)
        before, expected = what_is_counted(), [each.count for each in count_old(now=now)]

        done = [each.count for each in forget_old(now=now)]

        assert what_is_counted() == before
        assert done == expected
        assert (sum(done) > 0) == (ahead >= min(values or 99, details or 99))
        assert [miscounts(campaign_id=pk) for pk in Campaign.objects.values_list("pk", flat=True)] == [[], []]
        assert told() == []
        transaction.set_rollback(True)
