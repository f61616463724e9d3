"""Mailboxes read over a real line, with all that goes wrong on one: nothing is lost, nothing happens twice."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection, connections

from campaigns.locks import Lock, held
from campaigns.models import Mailbox, Recipient
from campaigns.tests.factories import NOON, MailboxFactory
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Locked, StateRefused
from campaigns_project.tests.processes import wait_until
from tracking.inbox import imap, imap_line, read
from tracking.inbox.due import forget_quarantined, queue_due
from tracking.inbox.faults import MailboxFault
from tracking.inbox.read import read_mailbox
from tracking.inbox.take import Fate
from tracking.inbox.trying import try_mailbox
from tracking.models import EmailEvent, InboundMail
from tracking.tasks import read_mailbox_task
from tracking.tests.inbox.imap_server import Folder, ImapServer
from tracking.tests.inbox.mails import OF_THE_HOUSE, bounce, reply
from tracking.tests.threads import at_once

pytestmark = pytest.mark.django_db

NOW = NOON + timedelta(hours=1)


@pytest.fixture
def box(mailbox, server):
    """The mailbox of the message, on the server."""
    Mailbox.objects.update(host="localhost", port=server.port, security="none")
    mailbox.refresh_from_db()
    return mailbox


@pytest.fixture
def of_tls(monkeypatch, server_tls, trusting):
    """Makes servers that speak TLS, and a reader that trusts them."""
    monkeypatch.setattr(imap, "tls_context", lambda: trusting)
    made = []

    def make(**given):
        made.append(ImapServer(tls=server_tls, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()


def use(box, **fields):
    Mailbox.objects.filter(pk=box.pk).update(**fields)
    box.refresh_from_db()


def look_at(box, **given):
    found = read_mailbox(mailbox=box, now=given.pop("now", NOW), **given)
    box.refresh_from_db()
    return found


def test_what_came_is_taken_and_what_was_read_is_not_read_again(message, box, server):
    server.inbox.put(OF_THE_HOUSE)
    server.inbox.put(reply(to=message.message_id))

    first, second = look_at(box), look_at(box)
    server.inbox.put(bounce(of=message.pk))
    third = look_at(box)

    assert (first.seen, first.kinds, first.fates[Fate.NOBODY]) == (2, {"reply": 1}, 1)
    assert (second.seen, third.seen, third.kinds) == (0, 1, {"bounce": 1})
    assert (box.last_read_at, box.last_error, box.seen_count, box.taken_count) == (NOW, "", 3, 2)
    assert Recipient.objects.get().replied_at == NOON


def test_nothing_in_the_mailbox_is_changed(message, box, server):
    server.inbox.put(reply(to=message.message_id))
    before = dict(server.inbox.mails)

    look_at(box)

    assert server.inbox.mails == before
    asked = set(server.commands)
    assert asked == {"CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH", "LOGOUT"}


def test_the_first_reading_begins_some_days_back(message, box, server):
    server.inbox.put(reply(to=message.message_id), at=NOON - timedelta(days=30))
    server.inbox.put(reply(to=message.message_id, number=2))

    assert look_at(box).seen == 1
    assert look_at(box, days=60).fates == {Fate.TAKEN: 1, Fate.KNOWN: 1}


def test_all_folders_are_read_each_from_its_own_place(message, box, server):
    server.folders["Spam & more"] = Folder(validity=7)
    use(box, folders=["INBOX", "Spam & more"])
    server.inbox.put(OF_THE_HOUSE)
    server.folders["Spam &- more"] = server.folders.pop("Spam & more")  # as it goes over the line (RFC 3501 5.1.3)
    server.folders["Spam &- more"].put(reply(to=message.message_id))

    assert look_at(box).kinds == {"reply": 1}
    assert {name: kept["validity"] for name, kept in box.positions.items()} == {"INBOX": 1, "Spam & more": 7}


def test_where_numbers_are_given_out_anew_the_last_days_are_read_and_nothing_happens_twice(message, box, server):
    server.inbox.put(reply(to=message.message_id))
    look_at(box)
    server.folders["INBOX"] = Folder(validity=2)
    server.inbox.put(bounce(of=message.pk))
    server.inbox.put(reply(to=message.message_id))

    again = look_at(box)

    assert again.fates == {Fate.TAKEN: 1, Fate.KNOWN: 1}
    assert (EmailEvent.objects.count(), box.positions["INBOX"]["validity"]) == (2, 2)


def test_another_account_is_read_from_its_beginning(message, box, server):
    server.inbox.put(OF_THE_HOUSE)
    look_at(box)
    server.username = "ben"
    use(box, username="ben")

    assert look_at(box).seen == 1


def test_a_line_that_breaks_in_mid_fetch_loses_nothing(message, box, server):
    server.inbox.put(reply(to=message.message_id))
    server.inbox.put(bounce(of=message.pk))
    server.drops_after = 700

    broken = look_at(box)
    assert (broken.fault.fault, broken.seen, box.failed_tries) == (MailboxFault.DROPPED, 0, 1)
    assert box.next_look_at > NOW
    assert look_at(box).kinds == {"reply": 1, "bounce": 1}
    assert (box.failed_tries, box.last_error) == (0, "")


def test_a_login_that_is_refused_for_good_pauses_the_mailbox_and_says_why(box, server):
    server.password = "another"

    found = look_at(box)

    assert (found.fault.fault, box.status) == (MailboxFault.AUTH, "paused")
    assert box.status_reason.startswith("The login was refused (auth): [AUTHENTICATIONFAILED]")
    assert "hunter2" not in box.status_reason + box.last_error + str(list(AuditLog.objects.values()))
    assert AuditLog.objects.get(action="mailbox.paused").entity_id == str(box.pk)
    with pytest.raises(StateRefused):
        look_at(box)


@pytest.mark.parametrize(
    ("said", "tries", "status"),
    [("[UNAVAILABLE] try later", 5, "active"), ("LOGIN failed.", 2, "active"), ("LOGIN failed.", 3, "paused")],
)
def test_a_login_that_is_refused_otherwise_is_tried_again(said, tries, status, box, server):
    server.refuses_login = said

    for _ in range(tries):
        look_at(box)

    assert (box.status, box.failed_tries) == (status, tries)


def test_whoever_cannot_be_reached_is_asked_less_and_less_often(box, server):
    server.close()
    waits = []

    for _ in range(7):
        look_at(box)
        waits.append((box.next_look_at - NOW).total_seconds() / 60)

    assert waits == [2, 4, 8, 16, 30, 30, 30]
    assert (box.status, "(connect)" in box.last_error) == ("active", True)


def test_a_server_that_greets_late_is_not_waited_for_for_ever(box, server, monkeypatch):
    monkeypatch.setattr(imap_line, "CONNECT_SECONDS", 0.2)
    server.greets.clear()

    assert look_at(box).fault.fault == MailboxFault.TIMEOUT


def test_what_is_no_imap_server_is_said_to_be_none(box, server):
    server.garbage = b"220 smtp ready\r\n"

    assert look_at(box).fault.fault in {MailboxFault.GARBAGE, MailboxFault.DROPPED}


def test_more_than_was_asked_for_is_not_taken_into_memory(message, box, server, monkeypatch):
    monkeypatch.setattr(imap_line, "MOST_OF_AN_ANSWER", 3_000)
    server.inbox.put(reply(to=message.message_id, text="x" * 5_000))

    assert look_at(box).fault.fault == MailboxFault.TOO_BIG


def test_of_a_big_mail_the_beginning_is_read(message, box, server, monkeypatch):
    monkeypatch.setattr(imap, "MOST_OF_A_MAIL", 1_500)
    server.inbox.put(reply(to=message.message_id, text="x" * 50_000))

    assert look_at(box).kinds == {"reply": 1}


def test_what_there_is_no_time_for_is_read_the_next_time(message, box, server):
    server.inbox.put(reply(to=message.message_id))

    first, second = look_at(box, budget=timedelta(seconds=-1)), look_at(box)

    assert (first.has_more, first.seen, second.has_more, second.kinds) == (True, 0, False, {"reply": 1})


def test_a_server_that_is_slow_at_everything_does_not_keep_a_worker(box, server, monkeypatch):
    monkeypatch.setattr(imap_line, "SESSION_SECONDS", 0.2)
    server.greets.clear()

    assert look_at(box).fault.fault == MailboxFault.TIMEOUT


def test_a_folder_that_is_not_there_is_named(box):
    use(box, folders=["Nowhere"])

    assert look_at(box).fault.sentence.startswith("A folder that is to be read is not there (folder_missing): Nowhere")


def test_hosts_inside_private_networks_are_not_connected_to(box, settings):
    settings.OUTBOUND_ALLOW_HOSTS = []

    assert look_at(box).fault.fault == MailboxFault.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_line_is_encrypted_and_the_certificate_looked_at(security, message, box, of_tls):
    server = of_tls(is_tls_from_the_start=security == "tls")
    server.inbox.put(reply(to=message.message_id))
    use(box, port=server.port, security=security)

    assert look_at(box).kinds == {"reply": 1}


def test_a_certificate_nobody_vouches_for_is_not_trusted(box, of_tls, monkeypatch):
    server = of_tls(is_tls_from_the_start=True)
    use(box, port=server.port, security="tls")
    monkeypatch.undo()

    assert look_at(box).fault.fault == MailboxFault.CERTIFICATE
    assert "LOGIN" not in server.commands


def test_a_password_does_not_go_in_the_clear_where_encryption_was_chosen(box, server):
    use(box, security="starttls")

    assert look_at(box).fault.fault == MailboxFault.TLS_UNAVAILABLE
    assert "LOGIN" not in server.commands


def test_a_dry_run_tells_and_changes_nothing(message, box, server):
    server.inbox.put(reply(to=message.message_id))

    found = look_at(box, is_dry_run=True)

    assert (found.kinds, InboundMail.objects.count()) == ({"reply": 1}, 0)
    assert (box.positions, box.last_read_at, Recipient.objects.get().status) == ({}, None, "sent")


def test_a_mail_that_breaks_us_is_set_aside_and_the_others_are_taken(message, box, server, monkeypatch):
    def broken(raw, **given):
        if b"Your parcel" in raw:
            raise ZeroDivisionError("a fault of ours")
        return take(raw, **given)

    take = read.take
    monkeypatch.setattr(read, "take", broken)
    server.inbox.put(OF_THE_HOUSE)
    server.inbox.put(reply(to=message.message_id))

    found = look_at(box)

    assert found.fates == {Fate.QUARANTINED: 1, Fate.TAKEN: 1}
    assert InboundMail.objects.get(status="quarantined").why.startswith("It could not be taken through a fault of ours")
    monkeypatch.undo()
    assert look_at(box, days=7).fates == {Fate.NOBODY: 1, Fate.KNOWN: 1}


def test_the_test_of_a_login_tells_folders_and_mails(box, server):
    server.inbox.put(OF_THE_HOUSE)
    server.folders["Spam"] = Folder()

    found = try_mailbox(box)

    assert (found.fault, found.folders, found.counts) == (None, ["INBOX", "Spam"], {"INBOX": 1})
    assert Mailbox.objects.get().positions == {}


def test_a_name_that_is_not_ascii_logs_in_by_another_way(box, server):
    server.capabilities = "IMAP4rev1 AUTH=PLAIN"
    server.password = "pässwörter"
    use(box, password=server.password)

    look_at(box)

    assert (box.last_error, "AUTHENTICATE" in server.commands) == ("", True)


@pytest.mark.django_db(transaction=True)
def test_of_two_readers_one_reads(message, box, server):
    def look():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        try:
            return read_mailbox(mailbox=Mailbox.objects.get(pk=box.pk), now=NOW).seen
        except Locked:
            return "locked"

    server.inbox.put(reply(to=message.message_id))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [Lock.MAILBOX, box.pk])
        (other,) = at_once(look)
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [Lock.MAILBOX, box.pk])

    assert (other, look()) == ("locked", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_reader_that_dies_between_fetch_and_commit_loses_nothing_and_takes_nothing_twice(
    moment, message, box, server
):
    server.inbox.put(reply(to=message.message_id))
    server.inbox.put(bounce(of=message.pk))
    name = connection.settings_dict["NAME"]

    dead = subprocess.run(
        [sys.executable, "-m", "tracking.tests.inbox.dying", name, str(box.pk), moment],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "campaigns_project.settings.test"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    taken = InboundMail.objects.count()
    wait_until(lambda: not held(Lock.MAILBOX), "the database has noticed that the reader is dead")
    look_at(box)

    assert (dead.returncode, taken) == (-9, 0 if moment == "before the commit" else 1), dead.stderr.decode()
    assert sorted(EmailEvent.objects.values_list("event_type", flat=True)) == ["bounce", "reply"]
    assert InboundMail.objects.count() == 2


def test_mailboxes_are_due_about_once_a_minute_and_paused_ones_never(box, django_capture_on_commit_callbacks):
    later = NOW + timedelta(seconds=61)

    with django_capture_on_commit_callbacks() as queued:
        counts = [queue_due(now=NOW), queue_due(now=NOW + timedelta(seconds=30)), queue_due(now=later)]
        use(box, status="paused", next_look_at=None)
        counts.append(queue_due(now=later + timedelta(hours=1)))

    assert (counts, len(queued)) == ([1, 0, 1, 0], 2)


def test_half_of_the_workers_read_and_the_mailbox_that_waited_longest_is_next(
    box, settings, django_capture_on_commit_callbacks
):
    settings.WORKERS = 2
    use(box, next_look_at=NOW - timedelta(seconds=1))
    waited_longest = MailboxFactory(organization=box.organization, next_look_at=None)

    with django_capture_on_commit_callbacks(execute=True):
        first = queue_due(now=NOW)
    second = queue_due(now=NOW)  # the first waits in the queue by now

    assert (first, second) == (1, 0)
    waited_longest.refresh_from_db()
    assert waited_longest.next_look_at == NOW + timedelta(seconds=60)


def test_a_look_that_finds_no_room_is_put_back_and_opens_no_connection(box, server, settings):
    settings.WORKERS = 2
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [Lock.MAILBOX, box.pk + 1])
            assert read_mailbox_task(box.pk) == 0
    finally:
        other.close()

    box.refresh_from_db()
    assert (box.last_read_at, box.next_look_at is not None) == (None, True)


def test_quarantine_is_emptied_after_a_month(message, box, server):
    server.inbox.put(bounce(of=999_999, address="eve@gone.example"))
    server.inbox.put(reply(to=message.message_id))
    look_at(box)
    InboundMail.objects.update(created_at=NOW)

    assert forget_quarantined(now=NOW + timedelta(days=29)) == 0
    assert forget_quarantined(now=NOW + timedelta(days=31)) == 1
    assert InboundMail.objects.get().kind == "reply"
