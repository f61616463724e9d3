"""Move recipients on after their message was settled. Called under the locks of `record`, `recover` and `evidence`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Case, F, Value, When

from campaigns.enrollment.stop import stop_recipients
from campaigns.models import Campaign, ExitReason, Message, MessageStatus, Recipient, RecipientStatus, Step

# Where a recipient goes back to that is not being sent to any more: has it had a mail already?
WAITING_AGAIN = Case(When(sent_at=None, then=Value(RecipientStatus.PENDING)), default=Value(RecipientStatus.SENT))


def lock_recipients(ids: Iterable[int]) -> None:
    """Lock these rows in the order everybody keeps (recipients by id, then messages, then campaign counters)."""
    list(Recipient.objects.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def advance(sent: Mapping[int, int], *, campaign: Campaign, at: datetime) -> None:
    """After mails were sent (step id by recipient id): on to the next step, or out where there is none.

    Whoever left meanwhile stays out; the mail still counts.
    """
    steps = list(Step.objects.filter(campaign=campaign).order_by("position"))
    position = {step.pk: step.position for step in steps}
    _note_first_mail(sent, campaign, at)
    by_next: dict[Step | None, list[int]] = defaultdict(list)
    for recipient, step in sent.items():
        behind = position.get(step, 0)
        by_next[next((later for later in steps if later.position > behind), None)].append(recipient)
    finished = by_next.pop(None, [])
    for following, recipients in by_next.items():
        if following is not None:
            _inside(recipients).update(
                status=RecipientStatus.SENT,
                next_step=following,
                next_send_at=at + following.wait,
                error_message="",
                updated_at=at,
            )
    still_in = list(_inside(finished).values_list("pk", flat=True))
    stop_recipients(still_in, reason=ExitReason.COMPLETED, at=at)
    Campaign.objects.filter(pk=campaign.pk).update(emails_sent=F("emails_sent") + len(sent))


def wait_again(recipients: Mapping[int, datetime], *, note: str = "", at: datetime) -> None:
    """Back to waiting, each due at its time; `note` is shown on the recipient's page."""
    by_time: dict[datetime, list[int]] = defaultdict(list)
    for recipient, due in recipients.items():
        by_time[due].append(recipient)
    for due, ids in by_time.items():
        _inside(ids).update(status=WAITING_AGAIN, next_send_at=due, error_message=note[:2000], updated_at=at)


def skip_for_those_who_left(messages: Iterable[int]) -> None:
    """Of messages that went back to waiting, those whose recipient left meanwhile have nobody to wait for."""
    waiting = Message.objects.filter(pk__in=list(messages), status__in=MessageStatus.WAITING)
    for message in waiting.exclude(recipient__exit_reason="").select_related("recipient"):
        Message.objects.filter(pk=message.pk).update(status=MessageStatus.SKIPPED, reason=message.recipient.exit_reason)


def hold_for_a_decision(recipients: Iterable[int], *, note: str, at: datetime) -> None:
    """Uncertain mails: nothing more goes to these people until evidence or a person decides."""
    _inside(recipients).update(
        status=RecipientStatus.PAUSED, next_send_at=None, error_message=note[:2000], updated_at=at
    )


def _note_first_mail(sent: Mapping[int, int], campaign: Campaign, at: datetime) -> None:
    first = Recipient.objects.filter(pk__in=sent, sent_at=None).update(sent_at=at)
    if first:
        Campaign.objects.filter(pk=campaign.pk).update(recipients_reached=F("recipients_reached") + first)


def _inside(ids: Iterable[int]):
    return Recipient.objects.filter(pk__in=list(ids), status__in=[RecipientStatus.QUEUED, RecipientStatus.PAUSED])
