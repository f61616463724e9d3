"""How a mail answers those before it (RFC 5322 3.6.4 and 3.6.5)."""

import re
from collections.abc import Sequence

from campaigns.content.headers import MAX_TEXT

PREFIX = "Re: "
# Message-IDs in one References header: the first keeps the conversation together, the last ones its branch. RFC 5322
# sets no limit, but lines and headers without end are cut or refused on the way.
MOST_REFERENCES = 20
_IS_REPLY = re.compile(r"re\s*:", re.IGNORECASE)


def reply_subject(subject: str) -> str:
    """The subject of an answer to a mail with `subject`: one `Re:` before it, however many mails came before."""
    return subject if not subject or _IS_REPLY.match(subject) else f"{PREFIX}{subject}"[:MAX_TEXT]


def references_of(message_ids: Sequence[str]) -> tuple[str, ...]:
    """The Message-IDs an answer refers to, oldest first; of a long conversation the first and the latest."""
    if len(message_ids) <= MOST_REFERENCES:
        return tuple(message_ids)
    return (message_ids[0], *message_ids[1 - MOST_REFERENCES :])
