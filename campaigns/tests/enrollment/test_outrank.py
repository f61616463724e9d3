from datetime import timedelta
from itertools import permutations

import pytest

from campaigns.enrollment.outrank import leave, outrank
from campaigns.models import Campaign, ExitReason, Recipient
from campaigns.tests.factories import NOON, RecipientFactory

pytestmark = pytest.mark.django_db

NEWS = {
    ExitReason.REPLIED: NOON,
    ExitReason.HARD_BOUNCE: NOON + timedelta(hours=1),
    ExitReason.COMPLAINED: NOON + timedelta(hours=2),
    ExitReason.UNSUBSCRIBED: NOON + timedelta(hours=3),
}


def test_the_weightiest_news_stands_in_whatever_order_it_came():
    ends = set()

    for order in permutations(NEWS):
        recipient = RecipientFactory(campaign__active_leads_count=1)
        for reason in order:
            leave(recipient.pk, reason=reason, at=NEWS[reason])
        recipient.refresh_from_db()
        counters = Campaign.objects.values_list("active_leads_count", "opted_out_count").get(pk=recipient.campaign_id)
        ends.add((recipient.status, recipient.exit_reason, recipient.exited_at, counters))

    assert ends == {("complained", "complained", NEWS[ExitReason.COMPLAINED], (0, 1))}


def test_lighter_or_equal_news_changes_nothing():
    recipient = RecipientFactory(campaign__active_leads_count=1)
    leave(recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=NOON)

    later = [leave(recipient.pk, reason=reason, at=NOON + timedelta(days=1)) for reason in _NOT_WEIGHTIER]

    recipient.refresh_from_db()
    assert (later, recipient.exited_at) == ([False] * len(_NOT_WEIGHTIER), NOON)


_NOT_WEIGHTIER = [reason for reason in ExitReason if reason != ExitReason.COMPLAINED]


def test_who_completed_and_then_opts_out_counts_as_opted_out():
    recipient = RecipientFactory(campaign__active_leads_count=1)
    leave(recipient.pk, reason=ExitReason.COMPLETED, at=NOON)

    leave(recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=NOON)

    counters = Campaign.objects.values_list("active_leads_count", "completed_leads_count", "opted_out_count").get()
    assert counters == (0, 0, 1)


def test_outranking_takes_nobody_out():
    recipient = RecipientFactory()

    assert outrank(recipient.pk, reason=ExitReason.COMPLAINED, at=NOON) is False
    assert Recipient.objects.get().status == "pending"
