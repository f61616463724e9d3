"""What makes a mail itself, wherever and however often it is read: in two folders, two mailboxes, or handed in."""

import hashlib
import re

# What was put on it on the way is left out: the same mail in two mailboxes came by two ways.
_OWN = re.compile(rb"^(?:Message-ID|Date|From|Subject):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_END = re.compile(rb"\r?\n\r?\n")


def identity_of(raw: bytes) -> str:
    """A digest of its own header fields and its body."""
    end = _END.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    digest = hashlib.sha256()
    for field in _OWN.findall(head):
        digest.update(b" ".join(field.split()) + b"\n")
    digest.update(b"\n" + body.replace(b"\r\n", b"\n").rstrip())
    return digest.hexdigest()
