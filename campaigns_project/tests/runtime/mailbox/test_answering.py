"""Answers to mails of the sandbox: as real ones come in, by whoever may work on the campaign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Message, Recipient
from campaigns.tests.factories import MessageFactory, OrganizationFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.runtime.mailbox.server import Maildir
from campaigns_project.tests.admin.browsers import member
from leads.models import Suppression
from tracking.models import InboundMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    return MessageFactory()


@pytest.fixture
def key(settings: Any, tmp_path: Path, message: Message) -> str:
    settings.MAILBOX_DIR = tmp_path
    address = message.recipient.email_address
    head = f"From: a@fairlead.example\r\nTo: {address}\r\nMessage-ID: {message.message_id}\r\nSubject: Hello\r\n"
    return Maildir(tmp_path).keep(mail_from="a@fairlead.example", rcpt_to=[address], data=f"{head}\r\nHi\r\n".encode())


@pytest.fixture
def operator(message: Message) -> Client:
    return member(message.recipient.campaign.organization, Role.OPERATOR)


def answer(client: Client, key: str, kind: str, words: str = "") -> Any:
    return client.post(reverse("mailbox:answer", args=[key]), {"kind": kind, "words": words}, follow=True)


@pytest.mark.parametrize(
    ("kind", "read_as", "status", "suppressed"),
    [
        ("reply", "reply", "replied", False),
        ("away", "auto_reply", "sent", False),
        ("bounce", "bounce", "bounced", True),
        ("full", "bounce", "sent", False),
        ("complaint", "complaint", "complained", True),
    ],
)
def test_what_comes_back_is_taken_in_as_if_it_had_come_by_mail(  # noqa: PLR0917 - the cases of one table
    operator: Client, key: str, message: Message, kind: str, read_as: str, status: str, suppressed: bool
) -> None:
    Recipient.objects.filter(pk=message.recipient_id).update(status="sent")

    page = answer(operator, key, kind, "Call me on Friday.").content.decode()

    taken = InboundMail.objects.get()
    assert (taken.kind, taken.message_id, taken.status) == (read_as, message.pk, "settled")
    assert ("Call me on Friday." in taken.text) == (kind in {"reply", "away"})
    assert Recipient.objects.get().status == status
    assert Suppression.objects.exists() == suppressed
    assert AuditLog.objects.get(action="inboundmail.handed_in").actor_kind == "user"
    assert f"It was read as {read_as.replace('_', ' ')}." in page
    assert reverse("admin:campaigns_recipient_change", args=[message.recipient_id]) in page


@pytest.mark.parametrize(
    "who",
    [
        lambda organization: member(organization, Role.VIEWER),
        lambda _organization: member(OrganizationFactory(), Role.OWNER),
    ],
    ids=["who may only look", "another organization's owner"],
)
def test_who_may_not_work_on_the_campaign_is_offered_no_answer(
    key: str, message: Message, who: Callable[[Any], Client]
) -> None:
    client = who(message.recipient.campaign.organization)

    assert "Answer as" not in client.get(reverse("mailbox:detail", args=[key])).content.decode()
    assert answer(client, key, "reply").status_code == 404
    assert not InboundMail.objects.exists()


def test_there_is_no_answer_to_a_test_mail_nor_of_an_unknown_kind_nor_where_mails_go_out(
    operator: Client, key: str, settings: Any
) -> None:
    assert answer(operator, key, "praise").status_code == 404
    settings.SANDBOX = False
    assert answer(operator, key, "reply").status_code == 404
    settings.SANDBOX = True
    Message.objects.update(message_id="<another@fairlead.example>")
    assert "Answer as" not in operator.get(reverse("mailbox:detail", args=[key])).content.decode()
    assert answer(operator, key, "reply").status_code == 404
    assert operator.get(reverse("mailbox:answer", args=[key])).status_code == 405
    assert not InboundMail.objects.exists()
