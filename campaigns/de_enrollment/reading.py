"""Whether replies and bounces are heard at all: how the mailboxes of organizations are read, by which people leave."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from campaigns.models import Mailbox


@dataclass(frozen=True)
class Reading:
    """Mailboxes that are to be read, those of them whose last look failed, and when the one left alone longest was."""

    mailboxes: int = 0
    failing: int = 0
    oldest: datetime | None = None


def readings_of(organizations: Collection[int]) -> dict[int, Reading]:
    """By organization; one that reads no mailbox is not in it. One query."""
    own = Mailbox.objects.living().able().filter(organization__in=organizations).order_by().values("organization")
    failing = Count("pk", filter=~Q(last_error=""))
    found = own.annotate(mailboxes=Count("pk"), failing=failing, oldest=Min("last_read_at"))
    return {row.pop("organization"): Reading(**row) for row in found}
