"""A mail as it stands in somebody's mail program: its line in the list, its headers, its bodies. Inert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy

from campaigns.content import message as mime
from campaigns.content.mailbox import Mailbox, wire_domain
from campaigns.content.text import text_from_html
from campaigns.models import Sender, Variant
from campaigns.sending.links import unsubscribe_url
from campaigns.sending.prepare import preview
from campaigns.sending.wording import Rendered
from campaigns.tokens import TEST_MESSAGE
from leads.models import Lead

SNIPPET = 200  # characters; no mail program shows more of a mail that is not open
STAND_IN = Sender(email="sender@example.com", name="The sender")
_OF_THE_PARTS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


@dataclass(frozen=True)
class Shown:
    """What somebody would see: `snippet` is the line behind the subject, `headers` are read as people read them."""

    sender: Sender
    mail: Rendered
    snippet: str
    headers: Sequence[tuple[str, str]]

    @property
    def sender_name(self) -> str:
        """As lists of mails name who wrote."""
        return self.sender.name or self.sender.email


def show(*, variant: Variant, lead: Lead, sender: Sender | None, now: datetime) -> Shown:
    """How `lead` would find the mail in the inbox. Refused where it could not be made."""
    sender = sender or STAND_IN
    mail = preview(variant=variant, lead=lead, sender=sender)
    return Shown(sender, mail, _snippet(mail), _headers(variant, lead, sender, mail, now))


def _snippet(mail: Rendered) -> str:
    read = text_from_html(mail.html) if mail.html else mail.text
    return " ".join(f"{mail.preheader} {read}".split())[:SNIPPET]


def _headers(variant: Variant, lead: Lead, sender: Sender, mail: Rendered, now: datetime) -> list[tuple[str, str]]:
    """Those of the mail itself; what servers on the way add is nobody's to know."""
    data = mime.build(
        sender=Mailbox(sender.email, sender.name),
        recipient=Mailbox(lead.email, lead.full_name),
        subject=mail.subject or "(none)",
        message_id=f"<preview@{wire_domain(sender.email)}>",
        date=now,
        text="-",
        reply_to=Mailbox(sender.reply_to) if sender.reply_to else None,
        unsubscribe_url=unsubscribe_url(TEST_MESSAGE),
    )
    built = message_from_bytes(data, policy=policy.default)
    headers = [(name, str(value)) for name, value in built.items() if name.lower() not in _OF_THE_PARTS]
    threaded = "the mail before it, so that both stand in one conversation"
    return [*headers, *([("In-Reply-To", threaded)] if variant.step.is_reply else [])]
