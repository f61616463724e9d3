"""Files that a command makes and only whoever ran it may read: they tell of people."""

import os
from pathlib import Path


def create(path: Path) -> int:
    """The descriptor of a new file, open for writing; OSError where it is there already or cannot be made.

    Its mode is its own rather than the umask's.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
