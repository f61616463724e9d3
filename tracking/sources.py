"""The endpoints of ours that events come through, as kept in `EmailEvent.source`.

What an e-mail service reports is kept as `esp.` and the service, such as `esp.postmark`.
"""

from enum import StrEnum


class Source(StrEnum):
    OPEN = "track.open"
    CLICK = "track.click"
    UNSUBSCRIBE_PAGE = "track.unsubscribe"
    ONE_CLICK = "track.one_click"
    API = "api.events"
    BY_HAND = "admin.reply"
    INBOX = "inbox"
    INSTANTLY = "instantly"
