"""Make one recipient of two, with the campaign's counters following from what is there before and after."""

import json
from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Count, F, Q

from campaigns.enrollment.outrank import leave
from campaigns.models import (
    Campaign,
    ExitReason,
    LeadNote,
    Message,
    MessageStatus,
    Recipient,
    RecipientStatus,
)
from leads.models import Lead
from tracking.merging.pairs import Pair
from tracking.models import EmailEvent, InboundMail, RawEvent

# Marks events that were another recipient's: mails that left to one knew nothing of what the other had said.
MERGED = "merged_lead"
_FIRST_TIMES = ("sent_at", "opened_at", "clicked_at", "replied_at", "bounced_at", "booked_at")
_OPTED_OUT = (ExitReason.UNSUBSCRIBED, ExitReason.COMPLAINED)


def fold(pair: Pair, *, keep: Lead, other: Lead, now: datetime) -> None:
    """Put `gone` into `base`, which becomes the recipient of `keep`; under the locks of the caller.

    Whoever of the two is out takes the other along, for the weightier reason. Events stay, whichever mail they are of;
    of a mail that both had, one stays and the other becomes a note.
    """
    ids = [each.pk for each in pair.both]
    _leave_together(pair, now)
    before = _counted(ids)
    _keep_a_note(pair, keep, other)
    _move_events(pair, other)
    Message.objects.filter(pk__in=[mail.pk for mail in pair.dropped]).delete()
    Message.objects.filter(pk__in=[mail.pk for mail in pair.moved]).update(recipient=pair.base)
    _hand_over(pair, keep)
    after = _counted(ids)
    changes = {name: F(name) + after[name] - before[name] for name in before if after[name] != before[name]}
    if changes:
        Campaign.objects.filter(pk=pair.base.campaign_id).update(**changes)


def _leave_together(pair: Pair, now: datetime) -> None:
    """The time is that of the merge: until then nobody could know, and mails to the other one may have left."""
    reasons = {each.pk: each.exit_reason for each in pair.both}
    for one, another in (pair.both, pair.both[::-1]):
        if reasons[another.pk]:
            leave(one.pk, reason=ExitReason(reasons[another.pk]), at=now)


def _keep_a_note(pair: Pair, keep: Lead, other: Lead) -> None:
    told = [_told(mail, pair) for mail in pair.sent_twice]
    if told:
        beginning = f"Merged with lead {other.pk}, {other.email}. Of mails that both had, one of each stays."
        LeadNote.objects.create(lead=keep, campaign=pair.base.campaign, text=" ".join([beginning, *told]))


def _told(mail: Message, pair: Pair) -> str:
    address = next(each.email_address for each in pair.both if each.pk == mail.recipient_id)
    return f"Step {mail.step.position} went to {address} as well: {mail.sent_at:%d %b %Y %H:%M %Z}, {mail.message_id}."


def _move_events(pair: Pair, other: Lead) -> None:
    """Events of a mail that goes lose their mail; opens and clicks not counted yet count for the one that stays."""
    EmailEvent.objects.filter(message__in=[mail.pk for mail in pair.dropped]).update(message=None)
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_EVENTS, [pair.base.pk, json.dumps({MERGED: other.pk}), pair.gone.pk])
    InboundMail.objects.filter(recipient=pair.gone).update(recipient=pair.base)
    remaining = [*Message.objects.filter(recipient__in=pair.both).exclude(pk__in=[each.pk for each in pair.dropped])]
    stays = {mail.step_id: mail.pk for mail in remaining}
    for mail in pair.dropped:
        if mail.step_id in stays:
            RawEvent.objects.filter(message_ref=mail.pk).update(message_ref=stays[mail.step_id])


_MOVE_EVENTS = """
UPDATE email_tracking SET campaign_recipient_id = %s, event_data = event_data || %s::jsonb
WHERE campaign_recipient_id = %s
"""


def _hand_over(pair: Pair, keep: Lead) -> None:
    base, gone = (Recipient.objects.get(pk=each.pk) for each in pair.both)
    times = {name: _earlier(getattr(base, name), getattr(gone, name)) for name in _FIRST_TIMES}
    Recipient.objects.filter(pk=gone.pk).delete()
    elsewhere = Recipient.objects.filter(lead=keep, occupies=True).exclude(pk=base.pk)
    occupies = base.occupies and not elsewhere.exists()
    Recipient.objects.filter(pk=base.pk).update(lead=keep, occupies=occupies, exited_at=_left_at(base, pair), **times)


def _left_at(base: Recipient, pair: Pair) -> datetime | None:
    """When they were out: not before a mail that moved to them left."""
    tried = [mail.attempted_at for mail in pair.moved if mail.attempted_at]
    return max([base.exited_at, *tried]) if base.exited_at else None


def _earlier(one: datetime | None, another: datetime | None) -> datetime | None:
    return min(one, another) if one and another else one or another


def _counted(ids: Iterable[int]) -> dict[str, int]:
    """What these recipients are in the campaign's counters; see `campaigns.verifying.counters`."""
    people = Recipient.objects.filter(pk__in=list(ids)).aggregate(
        total_recipients=Count("pk"),
        recipients_reached=Count("sent_at"),
        emails_opened=Count("opened_at"),
        emails_clicked=Count("clicked_at"),
        emails_replied=Count("replied_at"),
        emails_bounced=Count("bounced_at"),
        booked_count=Count("booked_at"),
        active_leads_count=Count("pk", filter=Q(status__in=RecipientStatus.IN)),
        completed_leads_count=Count("pk", filter=Q(status=RecipientStatus.COMPLETED)),
        opted_out_count=Count("pk", filter=Q(exit_reason__in=_OPTED_OUT)),
    )
    sent = Message.objects.filter(recipient__in=list(ids), status=MessageStatus.SENT).count()
    return {**people, "emails_sent": sent}
