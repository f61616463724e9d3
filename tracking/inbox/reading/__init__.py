"""What an incoming mail says, from its bytes alone: no database, no network."""

from tracking.inbox.reading.read import read_mail
from tracking.inbox.reading.result import MailKind, Reading

__all__ = ["MailKind", "Reading", "read_mail"]
