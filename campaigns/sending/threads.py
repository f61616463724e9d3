"""The conversations that follow-ups answer: what their recipients got so far."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.content.threads import references_of, reply_subject
from campaigns.models import Message, MessageStatus

# An uncertain mail may have arrived: one who decided that it counts, or goes on without it, answers it all the same.
ARRIVED = (MessageStatus.SENT, MessageStatus.UNCERTAIN)


@dataclass(frozen=True)
class Thread:
    """A conversation with one recipient: the subject it began with, as it was sent, and its Message-IDs in order."""

    opening: str
    message_ids: tuple[str, ...]

    @property
    def subject(self) -> str:
        """The subject of the next mail in it."""
        return reply_subject(self.opening)

    @property
    def in_reply_to(self) -> str:
        return self.message_ids[-1]

    @property
    def references(self) -> tuple[str, ...]:
        return references_of(self.message_ids)


def threads_of(positions: dict[int, int]) -> dict[int, Thread]:
    """The conversation each recipient is in before its step at that position; one query for all of them.

    What was sent decides, not how the steps are set now: a mail under the subject of those before it, behind `Re:`,
    belongs to their conversation, any other began one. Nobody is in the answer who got nothing so far.
    """
    if not positions:
        return {}
    arrived = Message.objects.filter(recipient__in=positions, status__in=ARRIVED, message_id__isnull=False)
    rows = arrived.order_by("recipient", "step__position").values_list(
        "recipient_id", "step__position", "subject", "message_id"
    )
    mails: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for recipient, position, subject, message_id in rows:
        if position < positions[recipient] and message_id:
            mails[recipient].append((subject, message_id))
    return {recipient: _latest(got) for recipient, got in mails.items()}


def _latest(mails: Iterable[tuple[str, str]]) -> Thread:
    opening, message_ids = "", list[str]()
    for subject, message_id in mails:
        if not message_ids or subject != reply_subject(opening):
            opening, message_ids = subject, []
        message_ids.append(message_id)
    return Thread(opening, tuple(message_ids))
