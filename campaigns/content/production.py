"""Mail after mail of one wording: what they share is made once, and each costs only what differs.

    producer = producer_for(design)
    data = producer.produce(particulars)

Two ways to the same decoded mail. `Encoded` renders and encodes every body; any template can go this way. `Slotted`
(`campaigns.content.skeleton`) has the bodies encoded beforehand and drops values in; it takes wordings of plain merge
fields, and hands the odd mail whose values do not fit to `Encoded`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from campaigns.content import templating
from campaigns.content.errors import ValueUntame
from campaigns.content.mailbox import Mailbox
from campaigns.content.message import build
from campaigns.content.plain_fields import Field
from campaigns.content.templating import Template, rendered_subject
from campaigns.content.text import text_from_html
from campaigns.content.text_fields import is_tame


@dataclass(frozen=True, slots=True)
class Design:
    """What the mails of one version of a wording share.

    `html` is complete: CSS inlined, footer, preheader, tracked links and pixel in it as merge fields. Without `text`
    the plain part is generated from the HTML. One of the two is there. `tame` are the fields of a text that was made
    from the HTML once for all mails: it is right only for values that stand in it as they are (`is_tame`).
    """

    sender: Mailbox
    subject: Template
    html: Template | None = None
    text: Template | None = None
    reply_to: Mailbox | None = None
    list_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    tame: frozenset[Field] = frozenset()


class Particulars(NamedTuple):
    """What is one mail's own; see `campaigns.content.message.build` for the fields."""

    recipient: Mailbox
    values: Mapping[str, str]
    message_id: str
    date: datetime
    unsubscribe_url: str = ""
    unsubscribe_mailto: str = ""
    in_reply_to: str = ""
    references: Sequence[str] = ()

    def with_values(self, values: Mapping[str, str]) -> "Particulars":
        """The same with other values; `_replace` takes several times as long."""
        return Particulars(self.recipient, values, *self[2:])


class Made(NamedTuple):
    """A finished mail, and the subject that stands in it, as one line."""

    data: bytes
    subject: str


class Producer(Protocol):
    """Makes the mails of one design."""

    def produce(self, mail: Particulars) -> Made:
        """The whole mail; MergeValueMissing, TemplateInvalid, HeaderRefused or BodyRefused where it cannot be made.

        ValueUntame where a value is not as the design's text wants it.
        """
        ...


class Encoded:
    """Renders and encodes each mail by itself."""

    def __init__(self, design: Design):
        self.design = design

    def produce(self, mail: Particulars) -> Made:
        """See Producer."""
        design = self.design
        for field in design.tame:
            if not is_tame(field, field.value(mail.values) or field.fallback or ""):
                raise ValueUntame(field.name)
        html = templating.render(design.html, mail.values) if design.html else ""
        text = templating.render(design.text, mail.values) if design.text else text_from_html(html)
        subject = rendered_subject(design.subject, mail.values)
        data = build(
            sender=design.sender,
            recipient=mail.recipient,
            subject=subject,
            message_id=mail.message_id,
            date=mail.date,
            html=html,
            text=text,
            reply_to=design.reply_to,
            unsubscribe_url=mail.unsubscribe_url,
            unsubscribe_mailto=mail.unsubscribe_mailto,
            list_id=design.list_id,
            in_reply_to=mail.in_reply_to,
            references=mail.references,
            headers=design.headers,
        )
        return Made(data, subject)
