import pytest

from campaigns.content.message_id import message_id
from campaigns.models import Message
from campaigns.tests.factories import NOON, MailboxFactory, MessageFactory, SenderFactory
from tracking.tests.inbox.imap_server import ImapServer


@pytest.fixture
def message(db):
    """A mail to Bob that left at noon, of a sender whose replies arrive in a mailbox."""
    sent = MessageFactory(
        status="sent",
        sent_at=NOON,
        attempted_at=NOON,
        recipient__status="sent",
        recipient__sent_at=NOON,
        recipient__email_address="bob@acme.example",
        recipient__lead__email="bob@acme.example",
        recipient__lead__email_normalized="bob@acme.example",
    )
    home = sent.recipient.campaign.organization
    sender = SenderFactory(organization=home, mailbox=MailboxFactory(organization=home))
    own_id = message_id(recipient_id=sent.recipient_id, step_id=sent.step_id, domain="fairlead.example")
    Message.objects.filter(pk=sent.pk).update(message_id=own_id, sender=sender)
    sent.refresh_from_db()
    return sent


@pytest.fixture
def mailbox(message):
    return message.sender.mailbox


@pytest.fixture
def server(settings):
    settings.OUTBOUND_ALLOW_HOSTS = ["localhost"]
    found = ImapServer()
    yield found
    found.close()
