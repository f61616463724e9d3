"""Note that something happened: one plain insert, so that a mail program or a browser never waits for our counting."""

import logging

from django.db import DatabaseError, connection

from campaigns.tokens import Token
from tracking.models import EventType
from tracking.sources import Source
from tracking.visitors import Visitor

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
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [event_type.value, token.message_id, token.second_id or None, *who, source.value])
    except DatabaseError:
        logger.exception("An %s of message %s could not be noted", event_type.value, token.message_id)
        return False
    return True


# By hand, since this is the busiest statement of the web process and the ORM would double its cost.
_INSERT = """
INSERT INTO tracking_raw_events (event_type, message_ref, link_ref, user_agent, ip_address, source)
VALUES (%s, %s, %s, %s, %s, %s)
"""
