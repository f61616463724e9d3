"""What can come of handing one mail over: values, not exceptions (docs/faults.md, rows 1 to 8).

Nothing here says what to do about it; that is the sender's business (`campaigns.sending.record`).
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """How far a delivery got. Up to and with CONTENT the server cannot have taken the mail."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    DOT = "dot"


class Kind(StrEnum):
    """Whose fault a refusal is. Only ADDRESS_DEAD may ever suppress an address."""

    ADDRESS_DEAD = "address_dead"
    MAILBOX_FULL = "mailbox_full"
    POLICY = "policy"  # the sender's own: blocked, unauthenticated, bad reputation, relaying
    CONTENT = "content"
    OTHER = "other"  # refused for good, and the answer does not say why


class Accepted(NamedTuple):
    """The server has taken the mail and answers for it from here on.

    Not a dataclass as the others: nearly every mail ends so, and a tuple is made in a third of the time.
    """

    code: int
    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Refused for now (4xx); to be tried again with the same Message-ID, not before `retry_after` where it is known.

    Not `is_asked`: the answer was to another mail, and this one was kept back because of it.
    """

    code: int
    reply: str
    retry_after: timedelta | None = None
    stage: Stage = Stage.RCPT
    is_asked: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for good (5xx) by the answer to `stage`."""

    code: int
    reply: str
    stage: Stage
    kind: Kind


@dataclass(frozen=True, slots=True)
class SenderFault:
    """No session could be opened, so surely nothing was sent to anybody.

    `permanent` when it will not mend by waiting: refused login, invalid certificate, no TLS where TLS is asked for.
    `code` and `reply` are what the server said, 0 and the error's text where it said nothing.
    """

    reason: str
    code: int = 0
    reply: str = ""
    permanent: bool = False
    stage: Stage = Stage.CONNECT

    @property
    def may_be_crowded(self) -> bool:
        """Whether one connection too many may be all that is wrong: it was turned away before a mail was begun."""
        return not self.permanent and self.reason in _TURNED_AWAY


# As servers and their firewalls do it: refused, let in and hung up on, never answered, or told so (421, 454).
_TURNED_AWAY = frozenset({"connect", "dropped", "timeout", "greeting", "ehlo", "auth", "asked_to_wait", "broken_off"})
GATE_EXPIRED = "gate_expired"  # the reason of a NotSent whose gate said no, right before its content


@dataclass(frozen=True, slots=True)
class NotSent:
    """The transaction broke off before the last byte; the server cannot have taken the mail."""

    reason: str
    stage: Stage = Stage.MAIL


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The whole mail went out and no trustworthy answer came back: it may or may not arrive. Never to be sent again."""

    reason: str
    stage: Stage = Stage.DOT


Outcome = Accepted | Deferred | Refused | SenderFault | NotSent | Uncertain
# One for each mail of a stream, in order; to be closed by whoever leaves it early.
Outcomes = Generator[Outcome, None, None]
