"""Note that something happened, for good and in little time: a mail program or a browser never waits for our counting.

What is answered is on the disk: each request comes back when the statement that took its row is committed.
"""

import logging
import os
from collections.abc import Sequence

from django.db import DataError, Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from campaigns.tokens import Token
from tracking.gathering import Gathering, NotWrittenError
from tracking.models import EventType
from tracking.sources import Source
from tracking.visitors import Visitor

PATIENCE = 30.0  # seconds; longer than mail programs and browsers wait for a picture
type _Note = tuple[str, int, int | None, str, str | None, str]

logger = logging.getLogger(__name__)


def note_open(token: Token, visitor: Visitor) -> bool:
    """Note an open of the token's message; see `_note`."""
    return _note(token, visitor, EventType.OPEN, Source.OPEN)


def note_click(token: Token, visitor: Visitor) -> bool:
    """Note a click on the token's link; see `_note`."""
    return _note(token, visitor, EventType.CLICK, Source.CLICK)


def _note(token: Token, visitor: Visitor, event_type: EventType, source: Source) -> bool:
    """False, and an error in the log, where the database would not take it: the visitor is served all the same."""
    who = (visitor.user_agent, visitor.ip_address)
    note = (event_type.value, token.message_id, token.second_id or None, *who, source.value)
    try:
        _add(note)
    except (Error, NotWrittenError):
        logger.exception("An %s of message %s could not be noted", event_type.value, token.message_id)
        return False
    return True


def _add(note: _Note) -> None:
    if connection.in_atomic_block:  # then it belongs to that transaction, and is not there before it is
        _insert(connection, [note])
    else:
        _gathering.add(note)


def _write(notes: Sequence[_Note]) -> Sequence[Exception | None]:
    """All in one statement; where one of them is not to be stored, each by itself."""
    line = _Line.get()
    try:
        line.close_if_unusable_or_obsolete()
        _insert(line, notes)
    except DataError as error:
        return [error] if len(notes) == 1 else [_write([note])[0] for note in notes]
    except Error as error:
        return [error] * len(notes)
    return [None] * len(notes)


def _insert(line: BaseDatabaseWrapper, notes: Sequence[_Note]) -> None:
    with line.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in zip(*notes, strict=True)])


class _Line:
    """The one connection of this process on which notes are written: only whoever has the turn uses it.

    With one for each thread, some opens would take as many connections as there are threads.
    """

    _open: BaseDatabaseWrapper | None = None

    @classmethod
    def get(cls) -> BaseDatabaseWrapper:
        """Django's, so that it is opened, asked whether it still works, and given up as all others."""
        if cls._open is None:
            cls._open = connection.copy()
            cls._open.inc_thread_sharing()
        return cls._open

    @classmethod
    def forget(cls) -> None:
        """In a child, where it is the parent's."""
        cls._open = None


def hang_up() -> None:
    """Close the connection, until there is something to note again; for when nobody notes."""
    if _Line._open is not None:
        _Line.get().close()
        _Line.forget()


_gathering = Gathering(_write, patience=PATIENCE)
os.register_at_fork(after_in_child=_Line.forget)

# By hand, since this is the busiest statement of the web process and the ORM would double its cost.
_INSERT = """
INSERT INTO tracking_raw_events (event_type, message_ref, link_ref, user_agent, ip_address, source)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::inet[], %s::text[])
"""
