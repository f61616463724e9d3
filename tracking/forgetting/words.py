"""The words of old mails that came in: what people wrote, from which address, and how it was read."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from campaigns.forgetting import kept_since
from campaigns_project.accounts.models import Organization
from tracking.models import InboundMail, InboundStatus

BATCH = 1_000  # rows of one transaction
CLEARED = {"text": "", "subject": "", "from_address": "", "own_message_id": "", "why": ""}


@transaction.atomic
def forget_words(*, organization: Organization, now: datetime) -> tuple[int, bool]:
    """Clear the words of one batch of mails that are too old; how many, and whether there may be more.

    What is left says that the mail came and whose it was, and that it was taken, should it be read again.
    """
    rows = _old(organization, now).order_by("created_at").select_for_update(skip_locked=True, no_key=True)
    some = list(rows.values_list("pk", flat=True)[:BATCH])
    InboundMail.objects.filter(pk__in=some).update(**CLEARED, words_cleared_at=now)
    return len(some), len(some) == BATCH


def count_old_words(*, organization: Organization, now: datetime) -> int:
    """How many mails would lose their words now."""
    return _old(organization, now).count()


def _old(organization: Organization, now: datetime) -> QuerySet[InboundMail]:
    """Nobody's are left out: no words are in them, and they go as a whole (`inbox.due`)."""
    before = kept_since(organization.details_kept_days, now)
    if before is None:
        return InboundMail.objects.none()
    kept = InboundMail.objects.filter(organization=organization, words_cleared_at=None, created_at__lt=before)
    return kept.filter(status=InboundStatus.SETTLED)
