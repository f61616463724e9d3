"""Read a mailbox: folder after folder what came since it was read last, each mail taken as it comes.

Nothing in it is changed. Where a folder is new, or its numbers were given out anew (UIDVALIDITY), the last days are
read; what was taken before is known again.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from django.db.models import F

from campaigns.locks import Lock, let_go, take_for_session
from campaigns.mailboxes import pause_by_itself
from campaigns.models import Mailbox, MailboxStatus
from campaigns.oauth.tokens import OwnTokens
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.encryption import readable
from campaigns_project.errors import Locked, Refused, StateRefused
from campaigns_project.faults import is_of_the_database
from campaigns_project.outbound import addresses_of
from tracking.inbox.due import LOOK_EVERY
from tracking.inbox.faults import REFUSES_LOGINS, MailboxFault, NotRead
from tracking.inbox.imap import Fetched, ImapSession, OpenFolder
from tracking.inbox.imap_line import ImapServer
from tracking.inbox.take import Fate, Place, Taken, look, read_up_to, set_aside, take

FIRST_DAYS = 7  # that are read of a folder nobody has read yet
AT_ONCE = 10  # mails of one fetch, of up to 1 MB each
TURN = timedelta(seconds=60)  # of the 300 s a task may take
REFUSED_LOGINS = 3  # in a row, of a server that does not say why, until the mailbox pauses itself
LONGEST_WAIT = timedelta(minutes=30)  # between two looks at a server that cannot be reached
_REFUSED = {"host_unknown": MailboxFault.HOST_UNKNOWN, "address_not_allowed": MailboxFault.ADDRESS_NOT_ALLOWED}

logger = logging.getLogger(__name__)


@dataclass
class ReadResult:
    """What was found. `kinds` counts what was taken; `fault` says why it ended early; `has_more` that time was up."""

    seen: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    fault: NotRead | None = None
    has_more: bool = False


def server_of(mailbox: Mailbox) -> ImapServer:
    """Where it is read. NotRead where its host must not or cannot be connected to, or its password cannot be read.

    One that is connected gets its tokens only when it logs in.
    """
    by_token = mailbox.connected_at is not None
    try:
        return ImapServer(
            host=mailbox.host,
            port=mailbox.port,
            security=mailbox.security,
            username=mailbox.username,
            password="" if by_token else readable(mailbox.password),
            tokens=OwnTokens(mailbox) if by_token else None,
            addresses=tuple(addresses_of(mailbox.host, port=mailbox.port)),
        )
    except Refused as refused:
        fault = _REFUSED.get(refused.code, MailboxFault.SECRET_UNREADABLE)
        raise NotRead(fault, refused.message) from refused


def read_mailbox(
    *, mailbox: Mailbox, now: datetime, budget: timedelta = TURN, days: int | None = None, is_dry_run: bool = False
) -> ReadResult:
    """Read what is new, for `budget` at most; keeps how that went with the mailbox.

    With `days` the last days are read again. A dry run takes nothing and changes nothing. StateRefused for one that is
    paused, Locked while somebody else reads it.
    """
    if mailbox.status != MailboxStatus.ACTIVE:
        hint = f"It was paused: {mailbox.status_reason} Resume it first."
        raise StateRefused("mailbox_paused", f"{mailbox.name} is paused and not read.", hint)
    number = mailbox.pk % 2**31
    if not take_for_session(Lock.MAILBOX, number):
        raise Locked("mailbox_is_read", f"{mailbox.name} is being read at this moment.", "Try again in a minute.")
    try:
        return _Reading(mailbox, now, budget, days, is_dry_run).run()
    finally:
        let_go(Lock.MAILBOX, number)


class _Reading:
    """One look at one mailbox."""

    def __init__(self, mailbox: Mailbox, now: datetime, budget: timedelta, days: int | None, is_dry_run: bool):
        mailbox.refresh_from_db()  # as it was left by whoever read it before
        self.mailbox, self.now, self.days, self.is_dry_run = mailbox, now, days, is_dry_run
        self.ends = time.monotonic() + budget.total_seconds()
        self.account = f"{mailbox.username}@{mailbox.host}:{mailbox.port}"
        self.result = ReadResult()

    def run(self) -> ReadResult:
        try:
            with ImapSession(server_of(self.mailbox)) as session:
                for folder in self.mailbox.folders:
                    if not self.result.has_more:
                        self._folder(session, folder)
        except NotRead as error:
            self.result.fault = error
        if not self.is_dry_run:
            self._keep()
        return self.result

    def _folder(self, session: ImapSession, folder: str) -> None:
        opened = session.open(folder)
        wanted = self._wanted(session, folder, opened)
        for some in batched(wanted, AT_ONCE):
            if time.monotonic() > self.ends:
                self.result.has_more = True
                return
            for mail in session.fetch(some):
                self._mail(mail, self._place(folder, opened, mail.uid))
        # Whatever was there is behind us now, also what nobody was asked for: the next look begins here.
        last = max([opened.next_uid - 1, *wanted])
        if last > self._read_up_to(folder, opened) and not self.is_dry_run:
            read_up_to(self._place(folder, opened, last), took=0, seen=0)

    def _wanted(self, session: ImapSession, folder: str, opened: OpenFolder) -> Sequence[int]:
        last = self._read_up_to(folder, opened)
        if self.days is None and last:
            return session.uids_after(last)
        # A day more: the server's day is not ours.
        return session.uids_since((self.now - timedelta(days=(self.days or FIRST_DAYS) + 1)).date())

    def _read_up_to(self, folder: str, opened: OpenFolder) -> int:
        """The number of the last mail that was read; 0 where there is none that still means anything."""
        kept = self.mailbox.positions.get(folder) or {}
        is_same = (kept.get("validity"), kept.get("account")) == (opened.validity, self.account)
        return int(kept["uid"]) if is_same else 0

    def _place(self, folder: str, opened: OpenFolder, uid: int) -> Place:
        return Place(self.mailbox, folder, uid, opened.validity, self.account)

    def _mail(self, mail: Fetched, place: Place) -> None:
        self.result.seen += 1
        received_at = mail.received_at or self.now
        home = self.mailbox.organization
        if self.is_dry_run:
            fate, kind = look(mail.raw, organization=home, received_at=received_at, mailbox=self.mailbox)
        else:
            taken = self._taken(mail, place, received_at)
            fate, kind = taken.fate, taken.kind
        self.result.fates[fate] += 1
        if fate in (Fate.TAKEN, Fate.QUARANTINED):
            self.result.kinds[str(kind) if fate == Fate.TAKEN else str(fate)] += 1

    def _taken(self, mail: Fetched, place: Place, received_at: datetime) -> Taken:
        try:
            home = self.mailbox.organization
            return take(mail.raw, organization=home, received_at=received_at, now=self.now, place=place)
        except Exception as error:
            if is_of_the_database(error):
                raise  # nothing is lost: the next look begins with this mail
            # One mail that breaks us must not keep all others from being read.
            logger.exception("a mail could not be taken", extra={"mailbox": self.mailbox.pk, "uid": mail.uid})
            return set_aside(mail.raw, received_at=received_at, place=place)

    def _keep(self) -> None:
        rows = Mailbox.objects.filter(pk=self.mailbox.pk)
        fault = self.result.fault
        if fault is None:
            rows.update(last_read_at=self.now, last_error="", failed_tries=0)
            return
        rows.update(last_error=fault.sentence, failed_tries=F("failed_tries") + 1)
        self.mailbox.refresh_from_db()
        tries = self.mailbox.failed_tries
        is_hopeless = fault.fault in REFUSES_LOGINS and tries >= REFUSED_LOGINS
        if fault.is_final or is_hopeless:
            pause_by_itself(self.mailbox, why=f"{fault.sentence} {fault.hint}".strip(), actor=SYSTEM, now=self.now)
        else:
            rows.update(next_look_at=self.now + min(LOOK_EVERY * 2 ** min(tries, 10), LONGEST_WAIT))
