"""Mails, events and incoming mails of a given age."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from campaigns.models import Message
from campaigns.tests.factories import EventFactory, InboundMailFactory, MessageFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization
from tracking.models import EmailEvent, InboundMail

NOW = timezone.now()
DAY = timedelta(days=1)
VALUES = {"first_name": "Ana"}


def keeps(days: int | None = 30, **ages: int | None) -> Organization:
    return OrganizationFactory(**{"values_kept_days": days, "details_kept_days": days, **ages})


def mail(home: Organization, age: timedelta, **fields: Any) -> Message:
    """One that left `age` ago, with its values."""
    at = NOW - age
    wanted = {"sent_at": at, "attempted_at": at, "merge_values": VALUES, "subject": "Hello Ana", **fields}
    message = MessageFactory(recipient__campaign__organization=home, **wanted)
    Message.objects.filter(pk=message.pk).update(created_at=at)
    return message


def event(message: Message, age: timedelta, **fields: Any) -> EmailEvent:
    seen = {"user_agent": "Thunderbird", "ip_address": "203.0.113.7", **fields}
    return EventFactory(message=message, created_at=NOW - age, **seen)


def incoming(message: Message, age: timedelta, **fields: Any) -> InboundMail:
    row = InboundMailFactory(message=message, why="Read as reply.", own_message_id="<a@acme.example>", **fields)
    InboundMail.objects.filter(pk=row.pk).update(created_at=NOW - age)
    return row
