"""What a worker's journal proves after its death, and when it is not believed."""

import contextlib
import logging
import os
import shutil
import time

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from campaigns.delivery.outcomes import Accepted, NotSent, Uncertain
from campaigns.ledger import ledger
from campaigns.models import Message, Recipient
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.gate import Candidate, gate
from campaigns.sending.inherit import inherit
from campaigns.sending.journal import KEPT_SECONDS, Journal, journal_folder, left_behind
from campaigns.sending.recover import recover
from campaigns.sending.work import able_senders
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import started_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def campaign(now):
    return started_campaign(people=3, steps=2, now=now)


def claim_all(campaign, now):
    senders = list(able_senders(campaign, now=now).values())
    return claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=100, now=now)


def let_through(claims):
    gate([Candidate(one, address="", version=1, merge_values={}) for one in claims])


def died(claims, *, doing=()):
    """A worker that claimed these, did what its journal is told in `doing`, and was killed."""
    with Journal() as journal:
        journal.claimed(claims)
        for act in doing:
            act(journal)


def statuses():
    return list(Message.objects.order_by("pk").values_list("status", flat=True))


def test_only_the_mail_in_hand_is_uncertain_after_a_kill(now, campaign):
    taken, in_hand, behind = claims = claim_all(campaign, now)
    let_through(claims)
    died(claims, doing=[
        lambda journal: journal.begin(taken),
        lambda journal: journal.ended(taken, Accepted(250, "250 ok")),
        lambda journal: journal.begin(in_hand),
    ])  # fmt: skip

    settled = inherit(now=now)

    assert settled == 3
    assert statuses() == ["sent", "uncertain", "pending"]
    assert list(Recipient.objects.order_by("pk").values_list("status", flat=True)) == ["sent", "paused", "pending"]
    assert Message.objects.get(pk=taken.message).smtp_code == 250
    assert Message.objects.get(pk=behind.message).lost_claims == 0
    assert (ledger(campaign).sent, ledger(campaign).uncertain, ledger(campaign).adds_up) == (1, 1, True)
    assert left_behind() == []


def test_what_was_claimed_and_not_at_a_server_is_free_again_at_once(now, campaign):
    died(claim_all(campaign, now))

    inherit(now=now)

    assert statuses() == ["pending"] * 3
    assert set(Message.objects.values_list("lost_claims", flat=True)) == {0}
    assert len(claim_all(campaign, now)) == 3


def test_who_was_in_the_chunk_that_was_being_made_is_suspected(now, campaign):
    with contextlib.ExitStack() as never_left:
        died(claim_all(campaign, now), doing=[lambda journal: never_left.enter_context(journal.making())])

    inherit(now=now)

    assert set(Message.objects.values_list("status", "lost_claims")) == {("pending", 1)}


def test_nobody_is_suspected_when_the_database_went_away_while_mails_were_made(now, campaign):
    def break_off(journal):
        with contextlib.suppress(OperationalError), journal.making():
            raise OperationalError("the database is gone")

    died(claim_all(campaign, now), doing=[break_off])

    inherit(now=now)

    assert set(Message.objects.values_list("status", "lost_claims")) == {("pending", 0)}


@pytest.mark.parametrize("line", ["S 1\n", "X 1 2\n", "S one two\n", "A 1 2 250\n"])
def test_a_damaged_journal_is_not_believed_and_holds_nobody_up(now, campaign, line):
    claims = claim_all(campaign, now)
    let_through(claims)
    died(claims)
    [path] = left_behind()
    path.write_text(path.read_text() + line)

    assert inherit(now=now) == 0
    assert statuses() == ["sending"] * 3


def test_a_journal_that_may_not_be_read_holds_nobody_up(now, campaign):
    journal_folder().mkdir(parents=True)
    # As that of a worker that another user ran; a user who may read everything cannot open a loop either.
    loop = journal_folder() / "0.journal"
    loop.symlink_to(loop)
    died(claim_all(campaign, now))

    assert inherit(now=now) == 3
    assert statuses() == ["pending"] * 3


@pytest.mark.parametrize(("outcome", "status"), [(NotSent("dropped"), "pending"), (Uncertain("dropped"), "uncertain")])
def test_an_answer_that_could_not_be_recorded_counts(now, campaign, outcome, status):
    first, *_ = claims = claim_all(campaign, now)
    let_through(claims)
    died(claims, doing=[lambda journal: journal.begin(first), lambda journal: journal.ended(first, outcome)])

    inherit(now=now)

    assert statuses() == [status, "pending", "pending"]


def test_a_living_worker_keeps_what_it_has(now, campaign):
    with Journal() as journal:
        journal.claimed(claim_all(campaign, now))

        settled = inherit(now=now)

        journal.settled()
    assert settled == 0
    assert statuses() == ["claimed"] * 3


def test_a_journal_of_before_a_reboot_is_not_believed(now, campaign):
    claims = claim_all(campaign, now)
    let_through(claims)
    died(claims)
    [path] = left_behind()
    path.write_text(path.read_text().replace(path.read_text().split()[2], "another-boot", 1))

    assert inherit(now=now) == 0

    assert statuses() == ["sending"] * 3
    assert left_behind() == [path]


def test_a_journal_of_another_boot_does_not_lie_about_for_ever(now, campaign):
    died(claim_all(campaign, now))
    [path] = left_behind()
    path.write_text("fairlead 1 another-boot\n")
    os.utime(path, (time.time() - KEPT_SECONDS - 1,) * 2)

    inherit(now=now)

    assert left_behind() == []


def test_a_line_that_was_cut_off_says_nothing(now, campaign):
    first, *_ = claims = claim_all(campaign, now)
    let_through(claims)
    died(claims)
    [path] = left_behind()
    path.write_text(path.read_text() + f"S {first.message} {first.fence}")

    inherit(now=now)

    assert statuses() == ["pending"] * 3


def test_the_journal_mends_what_the_end_of_the_lease_made_uncertain(now, campaign):
    taken, unsent, in_hand = claims = claim_all(campaign, now)
    let_through(claims)
    died(claims, doing=[
        lambda journal: journal.begin(taken),
        lambda journal: journal.ended(taken, Accepted(250, "250 ok")),
        lambda journal: journal.begin(in_hand),
    ])  # fmt: skip
    age_leases()
    recover(now=now)

    inherit(now=now)

    assert statuses() == ["sent", "pending", "uncertain"]
    assert Recipient.objects.get(pk=unsent.recipient).next_send_at == now
    assert ledger(campaign).adds_up


def test_a_claim_that_went_to_another_worker_since_is_left_alone(now, campaign):
    died(claim_all(campaign, now))
    age_leases()
    recover(now=now)
    claim_all(campaign, now)
    Message.objects.update(fence=F("fence") + 1)

    assert inherit(now=now) == 0


def test_mail_goes_out_where_no_journal_can_be_kept(tmp_path, settings, now, campaign):
    settings.VAR_DIR = tmp_path / "file"
    settings.VAR_DIR.write_text("not a folder")

    died(claim_all(campaign, now))

    assert left_behind() == []


def test_a_worker_that_settled_everything_leaves_no_journal(now, campaign):
    with Journal() as journal:
        journal.claimed(claim_all(campaign, now))
        journal.settled()

    assert list(journal_folder().iterdir()) == []


def test_a_journal_that_is_removed_while_it_is_written_is_put_back(now, campaign):
    claims = claim_all(campaign, now)
    let_through(claims)
    with contextlib.suppress(OperationalError), Journal() as journal:
        journal.claimed(claims)
        journal.begin(claims[0])
        journal.ended(claims[0], Accepted(250, "ok"))
        shutil.rmtree(journal_folder())
        raise OperationalError("the database is gone")

    inherit(now=now)

    assert statuses() == ["sent", "pending", "pending"]


def test_a_journal_that_cannot_be_settled_is_set_aside_and_the_others_are_settled(now, campaign, caplog):
    claims = claim_all(campaign, now)
    let_through(claims)
    died(claims[:1], doing=[lambda journal: journal.ended(claims[0], Accepted(250, "ok"))])
    died(claims[1:])
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE_SENT)

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.inherit"):
        inherit(now=now)

    assert sorted(statuses()) == ["pending", "pending", "sending"]
    assert [path.suffix for path in journal_folder().iterdir()] == [".broken"]


def test_one_mail_that_cannot_be_settled_leaves_the_proof_of_the_others(now, campaign, caplog):
    claims = claim_all(campaign, now)
    let_through(claims)
    died(claims, doing=[lambda journal: journal.ended(claims[0], Accepted(250, "ok"))])
    with connection.cursor() as cursor:
        cursor.execute(_REFUSE_SENT)

    with caplog.at_level(logging.CRITICAL, "campaigns.sending.inherit"):
        inherit(now=now)

    assert sorted(statuses()) == ["pending", "pending", "sending"]
    assert [path.suffix for path in journal_folder().iterdir()] == [".broken"]


_REFUSE_SENT = """
CREATE FUNCTION pg_temp.refuse_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'no' USING ERRCODE = '22001';
END $$;
CREATE TRIGGER refuse_sent BEFORE UPDATE ON campaign_messages FOR EACH ROW
WHEN (NEW.status = 'sent') EXECUTE FUNCTION pg_temp.refuse_sent()
"""


def test_a_fault_while_mails_are_made_is_that_of_one_of_them(now, campaign):
    claims = claim_all(campaign, now)

    with contextlib.suppress(RuntimeError), Journal() as journal:
        journal.claimed(claims)
        with journal.making():
            raise RuntimeError("one of them cannot be made")
    inherit(now=now)

    assert set(Message.objects.values_list("lost_claims", flat=True)) == {1}
