"""The same rows against Postfix's smtp-sink, a server nobody here wrote."""

from datetime import timedelta

import pytest

from campaigns.ledger import ledger
from campaigns.models import Message, Recipient
from campaigns.tests.delivery.smtp_sink import needs_sink, reachable_folder, sink
from campaigns.tests.faults.engine import (
    campaign_status,
    pass_time,
    send,
    sender,
    statuses,
    suppressed,
    wait_of_the_one,
)
from campaigns.tests.sending.sending import started_campaign

pytestmark = [pytest.mark.django_db, needs_sink]


@pytest.fixture
def against(settings, tmp_path):
    """One campaign of so many people, sent to a sink with these options; who got what is in the folder then."""
    folder = reachable_folder(tmp_path)

    def sent(*options, people=1, now):
        campaign = started_campaign(people=people, now=now)
        with sink(*options, folder=folder) as server:
            settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = server.host, server.port
            send()
            send()
        return campaign

    sent.folder = folder
    return sent


def message_ids(folder):
    """Of the mails the sink wrote down."""
    mails = [path.read_bytes() for path in folder.iterdir()]
    return [line for mail in mails for line in mail.splitlines() if line.lower().startswith(b"message-id:")]


@pytest.mark.parametrize("options", [(), ("-p",), ("-8",), ("-w", "1")], ids=["well", "-p", "-8", "slow"])
def test_a_campaign_arrives_whole_and_once(now, against, options):
    campaign = against(*options, people=2 if options == ("-w", "1") else 30, now=now)

    ids = message_ids(against.folder)
    assert len(set(ids)) == len(ids) == ledger(campaign).sent == ledger(campaign).planned


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_rows_03_and_06_a_4xx_defers_at_every_stage(now, against, command):
    against("-r", command, now=now)

    assert statuses() == {"deferred": 1}
    assert wait_of_the_one() > timedelta(minutes=4, seconds=50)
    assert (sender()[0], campaign_status(), suppressed()) == ("active", "running", [])


@pytest.mark.parametrize("command", ["MAIL", "DATA", "."])
def test_row_05_a_5xx_to_anything_but_rcpt_fails_the_mail_alone(now, against, command):
    against("-f", command, now=now)

    assert (statuses(), suppressed()) == ({"failed": 1}, [])
    assert Recipient.objects.get().exit_reason == "failed"


def test_row_04_a_5xx_to_rcpt_that_names_no_reason_fails_and_suppresses_nobody(now, against):
    against("-f", "RCPT", now=now)

    assert (statuses(), suppressed(), Message.objects.get().smtp_code) == ({"failed": 1}, [], 500)


@pytest.mark.parametrize("refusal", [("-q", "CONNECT"), ("-f", "EHLO,HELO")], ids=" ".join)
def test_row_01_dropped_or_refused_before_any_mail(now, against, refusal):
    against(*refusal, people=2, now=now)

    assert (statuses(), sender()[0], campaign_status()) == ({"pending": 2}, "active", "running")


def test_a_server_without_ehlo_is_talked_to_with_helo(now, against):
    against("-f", "EHLO", people=2, now=now)

    assert (statuses(), sender()) == ({"sent": 2}, ("active", ""))


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_row_07_dropped_before_the_content(now, against, command):
    against("-q", command, now=now)

    assert (statuses(), message_ids(against.folder)) == ({"pending": 1}, [])
    assert Recipient.objects.get().status == "pending"


def test_row_08_dropped_at_the_dot(now, against):
    campaign = against("-q", ".", people=3, now=now)
    pass_time(timedelta(days=4))

    assert send() == 0
    assert (statuses(), ledger(campaign).waiting) == ({"uncertain": 3}, 0)


def test_row_06_421_and_dropped_after_the_dot(now, against):
    against("-Q", ".", now=now)

    assert (statuses(), wait_of_the_one() > timedelta(minutes=4, seconds=50)) == ({"deferred": 1}, True)
