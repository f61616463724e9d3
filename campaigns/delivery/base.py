"""What every way of delivering has in common."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from campaigns.delivery.errors import EnvelopeRefused
from campaigns.delivery.outcomes import Outcome, Outcomes

# Said just before the mail's content goes out: False stops it. May be asked more than once for one mail.
Gate = Callable[[], bool]
# The same for one of many mails, told by its place in their order, from 0.
GateAt = Callable[[int], bool]

_WRITABLE = re.compile(r"[^\s<>\x00-\x20\x7f-\x9f\ud800-\udfff@]+@[^\s<>\x00-\x20\x7f-\x9f\ud800-\udfff@]+")


class WireForm(bytes):
    """A whole mail just as DATA wants it (RFC 5321 4.5.2), by the word of whoever made it.

    Every line ends with CRLF, the last one too; there is no other CR or LF; no line begins with a dot.
    """


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail to one recipient. Addresses are in wire form (domains in ASCII); `data` is the whole mail.

    EnvelopeRefused when an address would break the SMTP command it stands in.
    """

    mail_from: str
    rcpt_to: str
    data: bytes

    def __post_init__(self) -> None:
        for field, address in (("mail_from", self.mail_from), ("rcpt_to", self.rcpt_to)):
            if not _WRITABLE.fullmatch(address) or len(address) > 320:
                raise EnvelopeRefused(field, address)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address holds characters that only RFC 6531 servers take."""
        return not (self.mail_from.isascii() and self.rcpt_to.isascii())


class Backend(Protocol):
    """One sender's way out. Used by one thread at a time."""

    def deliver(self, envelope: Envelope, *, before_data: Gate | None = None) -> Outcome:
        """Hand one mail over and say what came of it; does not raise for anything the other side does."""
        ...

    def deliver_many(self, envelopes: Iterable[Envelope], *, before_data: GateAt | None = None) -> Outcomes:
        """Hand mails over one after the other; what came of each, in their order.

        Reads `envelopes` one ahead, before the gate of the mail at hand, so that a slow one delays nothing that was
        gated. A mail whose gate was not asked when the iteration ends has surely not been sent.
        """
        ...

    def close(self) -> None:
        """Let go of whatever is open; a later deliver() opens it again."""
        ...
