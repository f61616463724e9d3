"""What a server repeats of a secret it was shown is not kept: some quote the line they did not understand."""

import re
from collections.abc import Iterable

HIDDEN = "(hidden)"
ENOUGH = 6  # characters of a secret's beginning that are taken for it: a quotation may be cut off
SHORTEST = 4  # characters; what is shorter would be found in many words, and protects nothing


def without(secrets: Iterable[str], text: str) -> str:
    """`text` with HIDDEN in the place of each of `secrets`, written in whatever case, also where its end is missing."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = _without(secret, text) if len(secret) >= SHORTEST else text
    return text


def _without(secret: str, text: str) -> str:
    kept, position = list[str](), 0
    for found in re.finditer(re.escape(secret[:ENOUGH]), text, re.IGNORECASE):
        if found.start() >= position:
            kept += [text[position : found.start()], HIDDEN]
            position = found.start() + _common(secret.lower(), text[found.start() :].lower())
    return "".join([*kept, text[position:]])


def _common(secret: str, text: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(secret, text, strict=False))
    return next((place for place, (ours, theirs) in pairs if ours != theirs), min(len(secret), len(text)))
