"""Try a mailbox: log in, list its folders, open those that are read. Nothing is read and nothing changes."""

from dataclasses import dataclass, field

from django.db import transaction

from campaigns.models import Mailbox
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from tracking.inbox.faults import NotRead
from tracking.inbox.imap import ImapSession
from tracking.inbox.read import server_of


@dataclass
class Tried:
    """What was found: the names of all folders, and the mails in those that are read; or why not."""

    folders: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    fault: NotRead | None = None

    @property
    def sentence(self) -> str:
        """What there is to say of it."""
        if self.fault is not None:
            return f"{self.fault.sentence} {self.fault.hint}".strip()
        counted = ", ".join(f"{name} has {_many(count, 'mail')}" for name, count in self.counts.items())
        number = len(self.folders)
        return f"The login works. {counted}; there {'is' if number == 1 else 'are'} {_many(number, 'folder')}."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def try_mailbox(mailbox: Mailbox) -> Tried:
    """Takes up to a minute where nothing answers; never inside a transaction."""
    tried = Tried()
    try:
        with ImapSession(server_of(mailbox)) as session:
            tried.folders = session.folders()
            for folder in mailbox.folders:
                tried.counts[folder] = session.open(folder).mails
    except NotRead as error:
        tried.fault = error
    return tried


def check_mailbox(*, mailbox: Mailbox, actor: Actor) -> Tried:
    """`try_mailbox`, on record."""
    tried = try_mailbox(mailbox)
    with transaction.atomic():
        record(
            action="mailbox.tested",
            entity=mailbox,
            organization_id=mailbox.organization_id,
            actor=actor,
            after={"fault": tried.fault.fault if tried.fault else ""},
        )
    return tried
