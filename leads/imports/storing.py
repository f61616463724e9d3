"""The bytes of a file: into a temporary file while they come in, then into the database in pieces.

In the database, because the worker that reads them may run on another machine than the one that took them.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.db import connection

from leads.imports import errors
from leads.models import LeadImport

MAX_FILE_BYTES = 2**30
PART_SIZE = 2**18  # larger ones are no faster, and each is held several times on its way into the database
_COPY = "COPY lead_import_parts (lead_import_id, number, content) FROM STDIN (FORMAT BINARY)"
_COPY_BACK = """
COPY (SELECT content FROM lead_import_parts WHERE lead_import_id = %d ORDER BY number) TO STDOUT (FORMAT BINARY)
"""
_IN_MEMORY = 2**20  # a larger file is spooled to disk


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that has come in completely, ready to be read several times; `digest` is its SHA-256 in hex."""

    stream: BinaryIO
    size: int
    digest: str


def spool(stream: BinaryIO, *, file_name: str) -> Spooled:
    """Take in a stream that may not be seekable; raises `file_too_large`. The caller closes `Spooled.stream`."""
    kept = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
    digest, size = hashlib.sha256(), 0
    while block := stream.read(PART_SIZE):
        size += len(block)
        if size > MAX_FILE_BYTES:
            kept.close()
            raise errors.file_too_large(file_name, MAX_FILE_BYTES)
        digest.update(block)
        kept.write(block)
    kept.seek(0)
    return Spooled(cast(BinaryIO, kept), size, digest.hexdigest())


def store_parts(lead_import: LeadImport, stream: BinaryIO) -> None:
    """Keep the bytes of a stream with the import, a piece at a time."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "int4", "bytea"])
        for number, block in enumerate(_blocks(stream)):
            copy.write_row((lead_import.pk, number, block))


def fetch_parts(lead_import_id: int) -> BinaryIO:
    """The stored file, fetched into a temporary one that the caller closes."""
    with ExitStack() as stack, connection.cursor() as cursor:
        kept = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
        with cursor.copy(_COPY_BACK % lead_import_id) as copy:
            copy.set_types(["bytea"])
            for (content,) in copy.rows():
                kept.write(content)
        kept.seek(0)
        stack.pop_all()  # it is complete: whoever wanted it closes it
    return cast(BinaryIO, kept)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(PART_SIZE):
        yield block
