"""Take recipients out of their sequence. Whoever is out stays out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import BooleanField, Exists, F, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from campaigns.models import (
    Campaign,
    ExitReason,
    HandedLead,
    HandedStatus,
    Message,
    MessageStatus,
    Recipient,
    RecipientStatus,
)
from campaigns.telling import tell_of_exits
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.webhooks.emit import hears_sql
from campaigns_project.webhooks.events import EventType
from leads.models import Lead, SuppressionReason

# With the recipients that are locked anyway: where nobody listens, that somebody leaves costs no statement more.
_HOME = "(SELECT organization_id FROM campaigns WHERE campaigns.id = campaign_recipients.campaign_id)"
_IS_HEARD = RawSQL(hears_sql(EventType.RECIPIENT_EXITED, organization=_HOME), [], BooleanField())  # noqa: S611 - no input
# The same for those who are with Instantly, who have to be taken out there too.
_IS_ELSEWHERE = Exists(HandedLead.objects.filter(recipient=OuterRef("pk"), status__in=HandedStatus.OPEN))
# Exits that need no word there: the campaign as a whole is paused, or Instantly itself sends nothing more.
_KNOWN_THERE = {ExitReason.COMPLETED, ExitReason.CAMPAIGN_STOPPED, ExitReason.NOT_TAKEN, ExitReason.ENDED_THERE}
EXIT_AFTER_SUPPRESSION = {
    SuppressionReason.UNSUBSCRIBED: ExitReason.UNSUBSCRIBED,
    SuppressionReason.HARD_BOUNCE: ExitReason.HARD_BOUNCE,
    SuppressionReason.COMPLAINT: ExitReason.COMPLAINED,
}


def stop_recipient(recipient_id: int, *, reason: ExitReason, at: datetime, error: str = "") -> bool:
    """Take one recipient out; False when it had already left."""
    return stop_recipients([recipient_id], reason=reason, at=at, error=error) == 1


def stop_recipients(ids: Sequence[int], *, reason: ExitReason, at: datetime, error: str = "") -> int:
    """Take out those of `ids` who are still in; returns how many that were. See `stop_each`."""
    return len(stop_each(dict.fromkeys(ids, reason), at=at, error=error))


@transaction.atomic
def stop_each(reasons: Mapping[int, ExitReason], *, at: datetime, error: str = "") -> list[int]:
    """Take out those of these recipients who are still in, each for its own reason; answers who that were.

    Their waiting messages become skipped. A message a worker has claimed meets the gate and is skipped there; one that
    is already at the mail server ends as it ends. Row locks are taken in the order all of us keep: recipients by id,
    then messages, then the campaign's counters.
    """
    inside = Recipient.objects.filter(pk__in=list(reasons), status__in=RecipientStatus.IN).order_by("pk")
    heard = inside.annotate(is_heard=_IS_HEARD, is_elsewhere=_IS_ELSEWHERE).select_for_update(no_key=True, of=("self",))
    leaving = list(heard.values_list("pk", "campaign_id", "is_heard", "is_elsewhere"))
    groups: dict[ExitReason, list[int]] = defaultdict(list)
    for pk, *_ in leaving:
        groups[reasons[pk]].append(pk)
    for reason, gone in groups.items():
        Recipient.objects.filter(pk__in=gone).update(
            status=reason.status(),
            exit_reason=reason,
            exited_at=at,
            occupies=False,
            next_send_at=None,
            next_step=None,
            error_message=error[:2000],
            updated_at=at,
        )
    for reason, gone in groups.items():
        waiting = Message.objects.filter(recipient__in=gone, status__in=MessageStatus.WAITING)
        waiting.update(status=MessageStatus.SKIPPED, reason=reason)
    if elsewhere := [pk for pk, _, _, is_there in leaving if is_there and reasons[pk] not in _KNOWN_THERE]:
        _want_out(elsewhere)
    _count(Counter((campaign, reasons[pk]) for pk, campaign, *_ in leaving))
    heard_of = {pk for pk, _, is_heard, _ in leaving if is_heard}
    for reason, gone in groups.items():
        # That a campaign was stopped is told once, and not for each of the thousands in it.
        if reason != ExitReason.CAMPAIGN_STOPPED and (told := [pk for pk in gone if pk in heard_of]):
            tell_of_exits(told, reason=reason, at=at)
    return [pk for pk, *_ in leaving]


def stop_leads(lead_ids: Iterable[int], reason: SuppressionReason, at: datetime, campaign_id: int | None = None) -> int:
    """Take these people out of every campaign, or of this one, since they may no longer be written to."""
    inside = Recipient.objects.filter(lead__in=list(lead_ids), status__in=RecipientStatus.IN)
    if campaign_id is not None:
        inside = inside.filter(campaign=campaign_id)
    ids = list(inside.values_list("pk", flat=True))
    return stop_recipients(ids, reason=EXIT_AFTER_SUPPRESSION.get(reason, ExitReason.SUPPRESSED), at=at)


def active_among(leads: QuerySet[Lead], campaign_id: int | None = None) -> int:
    """How many of these people are in a campaign, or in this one: as many as suppressing them would take out."""
    inside = Recipient.objects.living().filter(lead__in=leads, status__in=RecipientStatus.IN)
    if campaign_id is not None:
        inside = inside.filter(campaign=campaign_id)
    return inside.values("lead").distinct().count()


@transaction.atomic
def de_enroll(*, recipient: Recipient, actor: Actor, now: datetime, reason: str = "") -> bool:
    """A person takes a recipient out; False when it had already left."""
    if not stop_recipient(recipient.pk, reason=ExitReason.DE_ENROLLED, at=now):
        return False
    record(
        action="recipient.de_enrolled",
        entity=recipient,
        organization_id=recipient.campaign.organization_id,
        actor=actor,
        before={"status": recipient.status},
        after={"status": RecipientStatus.STOPPED, "exit_reason": ExitReason.DE_ENROLLED},
        reason=reason,
    )
    return True


def _want_out(recipients: Sequence[int]) -> None:
    """By the clock of now, not of the news: that is how long Instantly has not been told."""
    handed = HandedLead.objects.filter(recipient__in=recipients, status__in=HandedStatus.OPEN, wanted_out_at=None)
    handed.update(wanted_out_at=Now())


def _count(left: Counter[tuple[int, ExitReason]]) -> None:
    for campaign_id in sorted({campaign_id for campaign_id, _ in left}):
        mine = {reason: number for (campaign, reason), number in left.items() if campaign == campaign_id}
        opted_out = mine.get(ExitReason.UNSUBSCRIBED, 0) + mine.get(ExitReason.COMPLAINED, 0)
        Campaign.objects.filter(pk=campaign_id).update(
            active_leads_count=F("active_leads_count") - sum(mine.values()),
            completed_leads_count=F("completed_leads_count") + mine.get(ExitReason.COMPLETED, 0),
            opted_out_count=F("opted_out_count") + opted_out,
        )
