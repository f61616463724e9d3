"""A secret of this machine, made once and kept, so that nobody has to edit a file before the first start."""

import os
import secrets
from pathlib import Path


def kept_key(path: Path) -> str:
    """The key in `path` (mode 0600), made on first use; two processes that start together get the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    return path.read_text().strip()


def _make(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)  # fails where another process was first: then its key is the one
    except FileExistsError:
        pass
    finally:
        draft.unlink()
