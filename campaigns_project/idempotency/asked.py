"""A request that names a key: whose key it is, and what makes two requests the same."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from campaigns_project.encryption import keys_for
from campaigns_project.idempotency.errors import KeyMalformed

LONGEST_KEY = 255
_PLAIN = re.compile(r"[!#-~][ -~]*")  # printable ASCII that does not begin with a quotation mark
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')  # RFC 8941, sf-string
KEYS = f"^({_PLAIN.pattern}|{_QUOTED.pattern})$"  # the whole header
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Asked:
    """Keys are of one account in one organization; `content` is the query and the body, as JSON can have them."""

    organization_id: int
    user_id: int
    key: str
    method: str
    path: str
    content: Any
    request_id: str

    @property
    def digest(self) -> str:
        """What is kept of the key."""
        return digest_of(self.organization_id, self.user_id, self.key)

    @property
    def fingerprints(self) -> list[str]:
        """A hash of the whole request under each of FIELD_ENCRYPTION_KEYS, without which no body can be guessed."""
        said = json.dumps([self.method, self.path, self.content], sort_keys=True, separators=(",", ":")).encode()
        keys = keys_for("fingerprints of requests")
        return [hashlib.blake2b(said, key=key, digest_size=32).hexdigest() for key in keys]


def digest_of(organization_id: int, user_id: int, key: str) -> str:
    """What stands for `key` of this account. Not keyed: a change of FIELD_ENCRYPTION_KEYS must free no key."""
    return hashlib.sha256(json.dumps([organization_id, user_id, key]).encode()).hexdigest()


def key_of_header(value: str) -> str:
    """The key in the header Idempotency-Key: bare, or in quotation marks as the IETF's draft has it; the same key.

    KeyMalformed for anything else than 1 to 255 printable characters of ASCII.
    """
    text = value.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    if quoted is None and not _PLAIN.fullmatch(text):
        raise KeyMalformed
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else text
    if not 1 <= len(key) <= LONGEST_KEY:
        raise KeyMalformed
    return key
