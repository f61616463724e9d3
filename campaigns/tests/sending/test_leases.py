"""One lease for what was claimed together: it keeps the mails in hand, and goes when they are settled."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Deferred, SenderFault, Uncertain
from campaigns.ledger import ledger
from campaigns.models import Lease, Message, MessageStatus, Recipient
from campaigns.sending.claim import LEASE, Wordings, claim
from campaigns.sending.gate import Candidate, gate, gate_again
from campaigns.sending.leases import renew
from campaigns.sending.record import Verdict, record
from campaigns.sending.recover import recover
from campaigns.sending.work import able_senders, send_chunk
from campaigns.tests.factories import LeaseFactory
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road, send_all, started_campaign

pytestmark = pytest.mark.django_db
NEARLY_ALL = LEASE - timedelta(seconds=20)


@pytest.fixture
def now():
    return timezone.now()


def claimed(campaign, now, limit=100):
    senders = list(able_senders(campaign, now=now).values())
    return claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=limit, now=now)


def candidate(one):
    return Candidate(one, address="", version=1, merge_values={})


def statuses():
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def test_a_claim_leaves_one_lease_for_its_chunk(now):
    campaign = started_campaign(people=3, now=now)

    claims = claimed(campaign, now)

    lease = Lease.objects.get()
    assert {one.lease for one in claims} == set(Message.objects.values_list("lease", flat=True)) == {lease.pk}
    assert (lease.campaign, sorted(lease.recipients)) == (campaign, sorted(one.recipient for one in claims))
    assert lease.until - lease.created_at == pytest.approx(LEASE, abs=timedelta(seconds=1))


def test_a_retry_is_under_the_lease_of_its_own_claim(now):
    campaign = started_campaign(people=1, now=now)
    send_all(campaign, Road(MemoryBackend(answers=[Deferred(451, "later")])))
    Recipient.objects.update(next_send_at=now)

    [again] = claimed(campaign, now)

    assert again.attempts == 2
    assert Message.objects.get().lease == again.lease == Lease.objects.get().pk


@pytest.mark.parametrize(
    "answer",
    [ACCEPTED, Deferred(451, "later"), Uncertain("timeout"), SenderFault("refused", permanent=True)],
    ids=type,
)
def test_the_lease_is_gone_when_the_chunk_is_settled(answer, now):
    campaign = started_campaign(people=3, now=now)

    assert send_chunk(campaign, connections=Road(MemoryBackend(answer=answer))) == 3

    assert not Lease.objects.exists()
    assert ledger(campaign).in_flight == 0


def test_what_a_dead_worker_left_is_settled_and_its_lease_goes(now):
    campaign = started_campaign(people=3, now=now)
    first, *_ = claimed(campaign, now, limit=2)
    gate([candidate(first)])
    age_leases()
    [of_another] = claimed(campaign, now)

    assert recover(now=now) == 2

    assert statuses() == ["uncertain", "pending", "claimed"]
    assert Lease.objects.get().pk == of_another.lease
    assert ledger(campaign).adds_up


def test_an_ended_lease_under_which_nothing_is_in_flight_goes_too(now):
    campaign = started_campaign(people=1, now=now)
    recipient = Recipient.objects.get()
    LeaseFactory(campaign=campaign, recipients=[recipient.pk, 10**12])
    claimed(campaign, now)

    assert recover(now=now) == 0

    assert Lease.objects.count() == 1
    assert statuses() == ["claimed"]


def test_one_renewal_keeps_the_whole_chunk(now):
    campaign = started_campaign(people=3, now=now)
    claims = claimed(campaign, now)

    age_leases(NEARLY_ALL)
    assert renew(claims[:1])
    age_leases(NEARLY_ALL)

    assert recover(now=now) == 0
    assert statuses() == ["claimed"] * 3


def test_a_mail_that_is_asked_about_again_keeps_the_whole_chunk(now):
    campaign = started_campaign(people=2, now=now)
    first, _ = claimed(campaign, now)
    gate([candidate(first)])

    age_leases(NEARLY_ALL)
    assert gate_again(candidate(first))
    age_leases(NEARLY_ALL)

    assert recover(now=now) == 0
    assert statuses() == ["sending", "claimed"]


def test_who_was_taken_for_dead_renews_nothing_and_begins_nothing(now):
    campaign = started_campaign(people=2, now=now)
    claims = claimed(campaign, now)
    gate([candidate(claims[0])])
    age_leases()
    recover(now=now)

    assert not renew(claims)
    assert not gate_again(candidate(claims[0]))
    assert gate([candidate(claims[1])]) == {}
    assert not Lease.objects.exists()


def test_a_worker_that_lost_a_fence_leaves_the_lease_to_the_recovery_and_nothing_is_lost(now):
    campaign = started_campaign(people=3, now=now)

    def answers():
        Message.objects.filter(pk=Message.objects.latest("pk").pk).update(fence=F("fence") + 1)
        while True:
            yield ACCEPTED

    # The fence is lost after the gate: what the server took is nobody's to record.
    assert send_chunk(campaign, connections=Road(MemoryBackend(answers=answers()))) == 2
    assert statuses() == ["sent", "sent", "sending"]
    assert Lease.objects.count() == 1

    age_leases()

    assert recover(now=now) == 1
    assert statuses() == ["sent", "sent", "uncertain"]
    assert (Lease.objects.count(), ledger(campaign).adds_up) == (0, True)


def test_an_error_that_ends_a_chunk_leaves_its_lease_to_the_recovery(now):
    campaign = started_campaign(people=3, now=now)

    def answers():
        yield ACCEPTED
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        send_chunk(campaign, connections=Road(MemoryBackend(answers=answers())))
    assert Lease.objects.count() == 1
    age_leases()
    recover(now=now)

    assert (sorted(statuses()), Lease.objects.count()) == (["pending", "sent", "uncertain"], 0)


def test_settling_a_mail_that_was_sent_rewrites_no_index(now):
    if connection.pg_version < 160_000:
        pytest.skip("Postgres 15 rewrites all of them where a BRIN index is among them")
    campaign = started_campaign(people=40, now=now)
    claims = claimed(campaign, now)
    gate([candidate(one) for one in claims])
    before = updates()

    record(campaign=campaign, verdicts=[Verdict(one, MessageStatus.SENT) for one in claims], at=now)

    assert [after - count for after, count in zip(updates(), before, strict=True)] == [40, 40]


def updates():
    """Updates of messages in this transaction, and how many of them wrote no index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'campaign_messages'"
        )
        return cursor.fetchone()
