"""How a sender did in the last seven days, beside the seven before: what moved says more than any number by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from campaigns.delivery.outcomes import Kind
from campaigns.models import Message, MessageStatus, Sender
from campaigns.sender_days import TRIED_FOR
from campaigns_project.patience import within

WEEK = timedelta(days=7)
LONGEST = 100  # milliseconds a page waits for the count

_SENT = Q(status=MessageStatus.SENT)
_DEAD = Q(status=MessageStatus.FAILED, reason=Kind.ADDRESS_DEAD)


@dataclass(frozen=True, slots=True)
class Week:
    """Mails, and how many of the people they went to bounced and replied, by now."""

    mails: int = 0
    bounced: int = 0
    replied: int = 0


@dataclass(frozen=True, slots=True)
class Weeks:
    """The last seven days and the seven before."""

    now: Week = Week()
    before: Week = Week()


def weeks_of(senders: Iterable[Sender], *, now: datetime) -> dict[int, Weeks]:
    """By the sender's key; one that sent nothing is not in it. One query; `patience.TookTooLong` for too many mails."""
    since = now - 2 * WEEK
    tried = Message.objects.filter(_SENT | _DEAD, sender__in=[each.pk for each in senders], attempted_at__gte=since)
    # By when they were made, too, which the index of a sender's mails goes by.
    rows = tried.filter(created_at__gte=since - TRIED_FOR).order_by().values_list("sender_id")
    last, earlier = Q(attempted_at__gte=now - WEEK), Q(attempted_at__lt=now - WEEK)
    with within(LONGEST):
        found = list(rows.annotate(**_counts("now", last), **_counts("before", earlier)))
    return {pk: Weeks(Week(*figures[:3]), Week(*figures[3:])) for pk, *figures in found}


def _counts(name: str, part: Q) -> dict[str, Count]:
    """The figures of a week, in their order there."""
    bounced = part & (_DEAD | Q(recipient__bounced_at__isnull=False))
    replied = part & Q(recipient__replied_at__isnull=False)
    return {
        f"{name}_mails": Count("pk", filter=part),
        f"{name}_bounced": Count("recipient", filter=bounced, distinct=True),
        f"{name}_replied": Count("recipient", filter=replied, distinct=True),
    }
