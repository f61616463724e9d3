"""Against Postfix's smtp-sink, a server nobody here wrote."""

import pytest

from campaigns.delivery.base import Envelope
from campaigns.delivery.outcomes import Accepted, Deferred, NotSent, Refused, Stage, Uncertain
from campaigns.delivery.smtp import SmtpConnection
from campaigns.tests.delivery.smtp_sink import needs_sink, reachable_folder, sink

pytestmark = needs_sink


@pytest.fixture
def folder(tmp_path):
    return reachable_folder(tmp_path)


def mails(count):
    return [
        Envelope("ada@sender.example", f"bob{place}@example.org", f"Subject: no {place}\r\n\r\n.dot\r\n".encode())
        for place in range(count)
    ]


def sent(count, *options, folder):
    with sink(*options, folder=folder) as server, SmtpConnection(server, transaction_seconds=5) as connection:
        outcomes = list(connection.deliver_many(mails(count)))
    kept = [path.read_bytes() for path in folder.iterdir()]
    return outcomes, sorted(line for mail in kept for line in mail.splitlines() if line.startswith(b"Subject:"))


@pytest.mark.parametrize("options", [(), ("-p",), ("-8",)])
def test_every_mail_arrives_once_with_and_without_pipelining(options, folder):
    outcomes, subjects = sent(30, *options, folder=folder)

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 30
    assert subjects == sorted(b"Subject: no %d" % place for place in range(30))


@pytest.mark.parametrize(("option", "kind"), [("-r", Deferred), ("-f", Refused)])
@pytest.mark.parametrize(
    ("command", "stage"), [("MAIL", Stage.MAIL), ("RCPT", Stage.RCPT), ("DATA", Stage.DATA), (".", Stage.DOT)]
)
def test_a_refusal_is_told_by_its_stage_and_nothing_arrives(option, kind, command, stage, folder):
    outcomes, subjects = sent(3, option, command, folder=folder)

    assert [(type(outcome), outcome.stage) for outcome in outcomes] == [(kind, stage)] * 3
    # What it refuses after the dot, smtp-sink has written into its file already.
    assert len(subjects) == (3 if stage is Stage.DOT else 0)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_drop_before_the_content_is_told_as_not_sent(command, folder):
    outcomes, subjects = sent(3, "-q", command, folder=folder)

    assert outcomes == [NotSent("dropped", Stage(command.lower()))] * 3
    assert subjects == []


def test_a_drop_at_the_dot_is_told_as_uncertain(folder):
    outcomes, _ = sent(3, "-q", ".", folder=folder)

    assert outcomes == [Uncertain("dropped")] * 3


def test_421_after_the_dot_defers_each_mail(folder):
    outcomes, _ = sent(3, "-Q", ".", folder=folder)

    assert [(type(outcome), outcome.code, outcome.stage) for outcome in outcomes] == [(Deferred, 421, Stage.DOT)] * 3
