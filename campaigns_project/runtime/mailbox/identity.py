"""Which mailbox answers: two installations on one machine must not be taken for each other."""

import hashlib
from pathlib import Path

IDENT = "Fairlead local mailbox"


def name_of(folder: Path) -> str:
    """What the server says in its greeting: the same for the same folder, telling nothing about where it is."""
    return f"{IDENT} {hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
