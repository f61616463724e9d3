"""Whatever is forgotten, and when: what is counted stays what it was, and nothing is found to be wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from campaigns.models import Campaign, Message, Recipient
from campaigns.recounting import miscounts
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.accounts.models import Organization
from campaigns_project.tests.verification.rows.asking import told
from tracking.consequences import record_event
from tracking.forgetting import count_old, forget_old
from tracking.ingest import drain
from tracking.models import EmailEvent, EventType, RawEvent
from tracking.tests.forgetting.making import DAY, NOW, incoming

pytestmark = pytest.mark.django_db

AGES = some.none() | some.integers(7, 60)


@pytest.fixture
def campaign() -> Campaign:
    """Two mails to each of three people: one opened, one answered, one came back; each event with its details."""
    campaign = started_campaign(people=3, steps=2, now=timezone.now())
    campaign.steps.filter(position=2).update(wait_amount=3)
    send_all(campaign, Road())
    for message, kind in zip(Message.objects.all(), ("open", "reply", "bounce"), strict=False):
        said = {"kind": "hard", "reply": "no such user"} if kind == "bounce" else {}
        if kind == "open":
            RawEvent.objects.create(event_type=kind, message_ref=message.pk, user_agent="Thunderbird", source="pixel")
        else:
            told = {"event_type": EventType(kind), "at": timezone.now(), "source": "test", "data": said}
            record_event(recipient=message.recipient, message=message, **told)
        incoming(message, timedelta(0))
    drain(now=timezone.now())
    return campaign


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


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=AGES, details=AGES, ahead=some.integers(0, 70))
def test_counts_before_and_after_agree_and_the_rows_are_sound(campaign, values, details, ahead):
    now = NOW + ahead * DAY + timedelta(hours=1)  # the campaign began after NOW
    with transaction.atomic():
        Organization.objects.update(values_kept_days=values, details_kept_days=details)
        before, expected = what_is_counted(), [each.count for each in count_old(now=now)]

        done = [each.count for each in forget_old(now=now)]

        assert what_is_counted() == before
        assert done == expected
        assert (sum(done) > 0) == (ahead >= min(values or 99, details or 99))
        assert miscounts(campaign_id=campaign.pk) == []
        assert told() == []
        transaction.set_rollback(True)
