"""Message-IDs that can be read back: `<recipient.step.mac@domain>`, the same for the same mail every time.

In lower-case hexadecimal, because some systems change the case of what they quote.
"""

import hmac
import re
from dataclasses import dataclass

from campaigns.content.errors import HeaderRefused
from campaigns.content.mailbox import wire_address
from campaigns.tokens import MAX_ID, Purpose, tag, tags

_SHAPE = re.compile(r"<?([0-9a-f]{1,16})\.([0-9a-f]{1,16})\.([0-9a-f]{32})@([a-z0-9.-]{1,253})>?", re.IGNORECASE)
LONGEST_DOMAIN = 180  # characters: with the largest ids the whole stays below the 255 that are kept of it


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The mail a Message-ID was made for."""

    recipient_id: int
    step_id: int


def message_id(*, recipient_id: int, step_id: int, domain: str) -> str:
    """The Message-ID, with its angle brackets, of one step to one recipient, sent from `domain` (ASCII)."""
    if not 0 <= recipient_id <= MAX_ID or not 0 <= step_id <= MAX_ID:
        raise ValueError(f"ids run from 0 to {MAX_ID}, not {recipient_id} and {step_id}")
    domain = domain.lower()
    mac = tag(Purpose.MESSAGE_ID, _payload(recipient_id, step_id, domain)).hex()
    return f"<{recipient_id:x}.{step_id:x}.{mac}@{domain}>"


def check_sender_address(address: str) -> None:
    """HeaderRefused unless mails can come from `address`: it can be written to, and leaves room for a Message-ID."""
    if len(wire_address(address, field="From").rpartition("@")[2]) > LONGEST_DOMAIN:
        why = f"its domain is longer than {LONGEST_DOMAIN} characters"
        raise HeaderRefused("From", why, "Use an address of a shorter domain.")


def read_message_id(value: str) -> MessageRef | None:
    """What message_id() made `value` for, with or without its brackets; None for anything it did not make."""
    found = _SHAPE.fullmatch(value.strip()) if len(value) < 400 else None
    if found is None:
        return None
    recipient_id, step_id = int(found.group(1), 16), int(found.group(2), 16)
    mac, domain = found.group(3).lower(), found.group(4).lower()
    wanted = [candidate.hex() for candidate in tags(Purpose.MESSAGE_ID, _payload(recipient_id, step_id, domain))]
    matches = [hmac.compare_digest(mac, text) for text in wanted]
    return MessageRef(recipient_id, step_id) if any(matches) else None


def _payload(recipient_id: int, step_id: int, domain: str) -> bytes:
    return f"{recipient_id:x}.{step_id:x}@{domain}".encode()
