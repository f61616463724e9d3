"""The envelope's return path: an address that says which mail bounced, signed so that nobody can make one up (VERP).

    b-1a2b-<tag>@bounces.example.com          where a domain takes bounces
    ada+b-1a2b-<tag>@example.com              where the mailbox takes plus addresses (RFC 5233)

In lower-case hexadecimal and base32 and compared without regard to case, since relays change it. A domain's own local
part is at most 45 characters, of the 64 that RFC 5321 4.5.3.1.1 allows.
"""

import hmac
import re

from campaigns.content.mailbox import MAX_LOCAL
from campaigns.tokens import MAX_ID, Purpose, tag, tags, without_case

_SHAPE = re.compile(r"<?(?:[^@+]*\+)?b-([0-9a-f]{1,16})-([a-z2-7]{26})@[^@\s<>]{1,253}>?", re.IGNORECASE)


def return_path(message_id: int, *, mailbox: str, domain: str = "", takes_plus: bool = False) -> str:
    """Where bounces of a message go to; `mailbox` is the sender's own address, in wire form.

    At `domain` if there is one, else behind a plus in the mailbox where it `takes_plus` and has room for it, else the
    mailbox itself: then a bounce is told by what it quotes.
    """
    if not 0 <= message_id <= MAX_ID:
        raise ValueError(f"ids run from 0 to {MAX_ID}, not {message_id}")
    if not (domain or takes_plus):
        return mailbox
    token = f"b-{message_id:x}-{without_case(tag(Purpose.RETURN_PATH, _payload(message_id)))}"
    local, _, own_domain = mailbox.rpartition("@")
    if domain:
        return f"{token}@{domain}"
    if takes_plus and len(f"{local}+{token}".encode()) <= MAX_LOCAL:
        return f"{local}+{token}@{own_domain}"
    return mailbox


def read_return_path(address: str) -> int | None:
    """The id of the message that `address` is the return path of, at whatever domain; None for any other address."""
    found = _SHAPE.fullmatch(address.strip()) if len(address) < 400 and address.isascii() else None
    if found is None:
        return None
    message_id, mac = int(found.group(1), 16), found.group(2).lower()
    if message_id > MAX_ID or found.group(1).lower() != f"{message_id:x}":
        return None
    wanted = [without_case(candidate) for candidate in tags(Purpose.RETURN_PATH, _payload(message_id))]
    matches = [hmac.compare_digest(mac, text) for text in wanted]
    return message_id if any(matches) else None


def _payload(message_id: int) -> bytes:
    return f"{message_id:x}".encode()
