"""Workers and recoveries at the same lease in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.ledger import ledger
from campaigns.models import Lease, Message, Recipient
from campaigns.sending.gate import gate, gate_again
from campaigns.sending.leases import renew
from campaigns.sending.recover import recover
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns.tests.sending.test_leases import candidate, claimed, statuses
from campaigns.tests.sending.test_races import PATIENCE, alone, meet

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def now():
    return timezone.now()


def test_two_that_look_for_dead_workers_at_once_settle_each_mail_once(now):
    campaign = started_campaign(people=6, now=now)
    for _ in range(2):
        claimed(campaign, now, limit=3)
    age_leases()
    look = partial(recover, now=now)

    # Each stands in line with the lease that it took.
    assert meet(look, look, behind=Recipient.objects.all()) == [3, 3]

    assert list(Message.objects.values_list("status", "lost_claims", "fence")) == [("pending", 1, 2)] * 6
    assert (Lease.objects.count(), ledger(campaign).adds_up) == (0, True)
    road = Road()
    send_all(campaign, road)
    assert len(road.backend.mails) == ledger(campaign).sent == 6


def test_a_lease_that_is_just_being_renewed_is_not_taken(now):
    campaign = started_campaign(people=2, now=now)
    claims = claimed(campaign, now)
    age_leases()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            renew(claims)
            found = pool.submit(alone, partial(recover, now=now)).result(timeout=PATIENCE)
        later = pool.submit(alone, partial(recover, now=now)).result(timeout=PATIENCE)

    assert (found, later, statuses()) == (0, 0, ["claimed", "claimed"])


def test_a_mail_that_is_asked_about_again_while_its_worker_is_taken_for_dead_does_not_begin(now):
    campaign = started_campaign(people=1, now=now)
    [claim] = claimed(campaign, now)
    gate([candidate(claim)])
    age_leases()

    answers = meet(partial(recover, now=now), partial(gate_again, candidate(claim)), behind=Recipient.objects.all())

    assert answers == [1, False]
    assert (statuses(), Lease.objects.count()) == (["uncertain"], 0)
