"""All that an answer says, so that nothing of another organization hides in it."""

import io
import zipfile
from typing import Any


def text_of(answer: Any) -> str:
    """The body as text; of an archive, that of every file in it."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if answer.get("Content-Type") == "application/zip":
        archive = zipfile.ZipFile(io.BytesIO(content))
        content = b"".join(archive.read(name) for name in archive.namelist())
    return content.decode(errors="replace")
