"""The command that reads mailboxes now and says what it found."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.models import Mailbox, Message
from campaigns.tests.factories import MailboxFactory
from tracking.models import InboundMail
from tracking.tests.inbox.mails import OF_THE_HOUSE, reply

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    try:
        call_command("read_mailboxes", *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue() or str(error)
    return 0, out.getvalue()


@pytest.fixture
def box(message, server):
    Mailbox.objects.update(host="localhost", port=server.port, security="none", name="Ada")
    Message.objects.update(attempted_at=timezone.now() - timedelta(hours=1))
    for raw in (OF_THE_HOUSE, reply(to=message.message_id)):
        server.inbox.put(raw, at=timezone.now())
    return Mailbox.objects.get()


def test_it_reads_and_tells_what_it_took(box):
    dry, wet = run("--dry-run"), run("--mailbox", str(box.pk))

    assert (dry[0], "2 mails looked at; would take 1 reply; 0 known already, 1 concern nobody." in dry[1]) == (0, True)
    assert (wet[0], "took 1 reply" in wet[1], InboundMail.objects.count()) == (0, True, 1)
    again = json.loads(run("--days", "7", "--json")[1])["mailboxes"]
    assert [(each["name"], each["seen"], each["known"], each["taken"]) for each in again] == [("Ada", 2, 1, {})]


def test_how_it_ends_when_it_cannot(box, server):
    MailboxFactory(name="Elsewhere", status="paused")
    server.refuses_login = "[UNAVAILABLE] come again later"

    assert run("--mailbox", "999999")[0] == 3
    assert run("--mailbox", "x")[0] == 3
    assert run("--organization", "nobody")[0] == 3
    assert run("--days", "0")[0] == 2
    assert run("--mailbox", str(Mailbox.objects.get(name="Elsewhere").pk))[0] == 4
    code, said = run()
    assert (code, "The server refused a command (refused): [UNAVAILABLE] come again later" in said) == (8, True)
