"""Two recipients of one campaign who turn out to be one person: whose row stays, and which mails go with it.

A campaign has one recipient for a person and a message for each of its steps, and the database lets there be no second.
The one who is further along stays, so that no step is sent again. A mail that both have had is there once afterwards;
what is known of the other one is kept as a note.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.models import Message, MessageStatus, Recipient, RecipientStatus

_REACHED = frozenset({MessageStatus.SENT, MessageStatus.UNCERTAIN})


@dataclass(frozen=True)
class Pair:
    """`base` stays and `gone` goes into it. `moved` mails change their recipient, `dropped` ones are there twice."""

    base: Recipient
    gone: Recipient
    moved: list[Message]
    dropped: list[Message]

    @property
    def both(self) -> tuple[Recipient, Recipient]:
        return self.base, self.gone

    @property
    def sent_twice(self) -> list[Message]:
        """Mails that really left and are told of by a note afterwards."""
        return [mail for mail in self.dropped if mail.status == MessageStatus.SENT]

    @property
    def sentence(self) -> str:
        """What becomes of the two, for people."""
        parts = [f"“{self.base.campaign}”: both are in it, and one recipient is made of them"]
        if any(each.status not in RecipientStatus.IN for each in self.both):
            parts.append("who is out, as one of them is")
        if self.sent_twice:
            steps = ", ".join(str(mail.step.position) for mail in self.sent_twice)
            parts.append(f"step {steps} went to both, of which one stays and the other becomes a note")
        return "; ".join(parts) + "."


def pair_up(pairs: Iterable[tuple[Recipient, Recipient]]) -> dict[int, Pair]:
    """For each (of the lead that stays, of the other), by campaign. One query for all of them."""
    pairs = list(pairs)
    ids = [recipient.pk for pair in pairs for recipient in pair]
    mails: dict[int, dict[int, Message]] = defaultdict(dict)
    for mail in Message.objects.filter(recipient__in=ids).select_related("step").order_by("step__position"):
        mails[mail.recipient_id][mail.step_id] = mail
    return {ours.campaign_id: _pair(ours, theirs, mails) for ours, theirs in pairs}


def _pair(ours: Recipient, theirs: Recipient, mails: dict[int, dict[int, Message]]) -> Pair:
    is_ahead = _furthest(mails[theirs.pk].values()) > _furthest(mails[ours.pk].values())
    base, gone = (theirs, ours) if is_ahead else (ours, theirs)
    kept, moved, dropped = mails[base.pk], [], []
    for step, mail in mails[gone.pk].items():
        rival = kept.get(step)
        is_better = mail.status == MessageStatus.SENT and (rival is None or rival.status != MessageStatus.SENT)
        if is_better or (rival is None and mail.status in MessageStatus.SETTLED):
            moved.append(mail)
            dropped += [rival] if rival else []
        else:
            dropped.append(mail)
    return Pair(base, gone, moved, dropped)


def _furthest(mails: Iterable[Message]) -> int:
    """The position of the last step that was sent; 0 where none was."""
    return max((mail.step.position for mail in mails if mail.status in _REACHED), default=0)
