"""The mails of one wording by one sender: what they share is made once and kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from campaigns.content import templating
from campaigns.content.assembly import OPEN_URL, PREHEADER, Assembly, Parts, assemble, click_field
from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Design, Particulars, Producer
from campaigns.content.skeleton import producer_for
from campaigns.content.templating import Template
from campaigns.models import Campaign, Sender
from campaigns.sending.links import click_url, open_url
from campaigns.sending.wording import Wording
from campaigns_project.errors import Refused


@dataclass(frozen=True)
class Made:
    """A finished mail, and the subject that stands in it."""

    data: bytes
    subject: str


@dataclass(frozen=True)
class Mailing:
    """Makes mails from bodies that were prepared beforehand."""

    preheader: Template
    assembly: Assembly
    producer: Producer

    def produce(self, mail: Particulars, *, message: int, targets: Mapping[str, int]) -> Made | None:
        """The mail of the message with the id `message`, its links leading to the stored `targets`.

        None where it has to be made by itself, or cannot be made at all, which is said there.
        """
        values = {**mail.values, OPEN_URL: open_url(message)}
        for number, target in enumerate(self.assembly.targets, start=1):
            values[click_field(number)] = click_url(message, targets[target])
        try:
            if self.assembly.has_preheader:
                values[PREHEADER] = templating.render(self.preheader, values).strip()
            if not self.assembly.fits(values):
                return None
            return Made(self.producer.produce(replace(mail, values=values)), self.producer.subject(values))
        except Refused:
            return None


def mailing_of(wording: Wording, *, campaign: Campaign, sender: Sender) -> Mailing | None:
    """The prepared mails of `wording`; None where each of them has to be made by itself."""
    return _mailing(
        wording,
        Mailbox(sender.email, sender.name),
        Mailbox(sender.reply_to) if sender.reply_to else None,
        postal_address=None if wording.has_footer else campaign.organization.postal_address,
        track_clicks=campaign.track_clicks,
        track_opens=campaign.track_opens,
    )


# Keyed by all that goes in, so that nothing has to be told when one of them changes.
@lru_cache(maxsize=128)
def _mailing(
    wording: Wording,
    sender: Mailbox,
    reply_to: Mailbox | None,
    *,
    postal_address: str | None,
    track_clicks: bool,
    track_opens: bool,
) -> Mailing | None:
    parts = Parts(
        fields=wording.fields,
        preheader=wording.preheader,
        html=wording.html,
        text=wording.text,
        postal_address=postal_address,
        track_clicks=track_clicks,
        track_opens=track_opens,
    )
    assembly = assemble(parts)
    if assembly is None:
        return None
    design = Design(sender=sender, reply_to=reply_to, subject=wording.subject, html=assembly.html, text=assembly.text)
    try:
        return Mailing(wording.preheader, assembly, producer_for(design))
    except Refused:
        return None
