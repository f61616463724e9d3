"""Workers look for people who newly belong to a standing audience, and enroll them.

The tick claims the campaigns whose hour has come (`ask_for_looks`), a worker looks (`look`), one at a time for each
campaign. Where it would have to wait for others it gives way, and is asked again some seconds later, as often as need
be: what waits in a worker keeps mails from leaving.
"""

import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django_q.tasks import async_task

from campaigns.automatic.audience import StandingAudience, selection_of
from campaigns.enrollment.enroll import report_enrollment
from campaigns.enrollment.finishing import CAME_AT, release_after_look
from campaigns.enrollment.take_in import take_in
from campaigns.fetching.opened import STARTING
from campaigns.locks import SOON, AudienceTaken, Lock, held, hold_audience, let_go, take_audience, take_for_session
from campaigns.models import Campaign, CampaignQuerySet, CampaignStatus, Job
from campaigns.task_names import LOOK
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from campaigns_project.patience import TookTooLong, within
from campaigns_project.workers.subjects import waiting_for

EVERY = timedelta(minutes=5)
SHARE = 20  # a look that took a second is made at most every 20: it goes through all leads, and others enroll too
ASK_AGAIN = timedelta(minutes=10)  # one that was asked for and not made: its worker died, or all of them are busy
LONGEST = timedelta(minutes=2)  # that a statement of a look may take: a task that takes 300 s is killed without a word
MOST_AT_ONCE = 100  # campaigns the tick asks for in one go; the others in its next


@dataclass(frozen=True)
class Look:
    """What a look came to. `skipped` counts by SkipReason who belongs to the audience and could not be enrolled."""

    at: datetime
    enrolled: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    refused: str = ""  # why nobody could be looked for
    put_off: str = ""  # why the next one has to wait

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def of(cls, campaign: Campaign) -> "Look | None":
        """The last one of `campaign`; None before the first."""
        kept = campaign.last_look
        return cls(**{**kept, "at": datetime.fromisoformat(kept["at"])}) if "at" in kept else None


def ask_for_looks(*, now: datetime) -> int:
    """Queue a look for every campaign whose hour has come, while there is room; how many. Of two who ask at once one
    does."""
    if not _has_room():
        return 0
    asked = 0
    due = _may_look().filter(_due(now)).order_by("-priority", F("next_look_at").asc(nulls_first=True), "pk")
    numbers = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    waiting = waiting_for(LOOK) if numbers else set()
    for number in [each for each in numbers if each not in waiting]:
        with transaction.atomic():
            if Campaign.objects.filter(_due(now), pk=number).update(next_look_at=now + ASK_AGAIN):
                transaction.on_commit(partial(async_task, LOOK, number, q_options={"task_name": f"look {number}"}))
                asked += 1
    return asked


def look(*, campaign_id: int, now: datetime, gives_way: bool = False) -> Look | None:
    """Enroll those who newly belong to the campaign's audience, as many as one look may; None when it is not to look.

    Nobody who ever was in the campaign comes again. Who is suppressed, busy elsewhere, has booked a meeting or lacks a
    value that a mail shows is counted by that reason, and looked at anew the next time. One that `gives_way` is put
    off, and says why, where somebody enrolls in the organization at this moment, or half of the workers look already.
    """
    if gives_way and not _has_room():
        _put_off(campaign_id, _NO_ROOM, now)
        return None
    if not take_for_session(Lock.LOOK, campaign_id % 2**31):
        return None
    try:
        found = _look(campaign_id, now, gives_way=gives_way)
        if found and found.enrolled:
            release_after_look(campaign_id)
        return found
    finally:
        let_go(Lock.LOOK, campaign_id % 2**31)


def _has_room() -> bool:
    """Whether one more may look: half of the workers at most. Asked once more when a look begins, since a cluster takes
    tasks ahead."""
    return len(held(Lock.LOOK)) < max(1, settings.WORKERS // 2)


@transaction.atomic
def _look(campaign_id: int, now: datetime, *, gives_way: bool) -> Look | None:
    known = Campaign.objects.filter(pk=campaign_id).values_list("organization", flat=True).first()
    if known is None:
        return None
    if gives_way and not take_audience(known):
        _put_off(campaign_id, _BUSY, now)
        return None
    hold_audience(known)
    # Under the lock: whoever switches it off, ends it or changes the audience has done so before, or waits for us.
    campaign = _may_look().select_related("organization").filter(pk=campaign_id).first()
    if campaign is None:
        return None
    began = time.monotonic()
    found = _enroll_new(campaign, now)
    return _keep(campaign, found, time.monotonic() - began)


def _enroll_new(campaign: Campaign, now: datetime) -> Look:
    try:
        audience = StandingAudience.of_json(campaign.standing_audience)
        with within(int(LONGEST.total_seconds() * 1000)):
            taken = take_in(campaign=campaign, selection=selection_of(audience), now=now)
    except Refused as refused:
        return Look(at=now, refused=str(refused))
    except TookTooLong:
        return Look(at=now, refused=_TOO_LONG)
    if taken.enrolled:
        report_enrollment(taken, actor=SYSTEM, now=now, rest={CAME_AT: now.isoformat()})
    return Look(at=now, enrolled=taken.enrolled, skipped=taken.skipped)


def _put_off(campaign_id: int, why: str, now: datetime) -> None:
    """Due again soon. What the last look came to stays."""
    last = _may_look().filter(pk=campaign_id).values_list("last_look", flat=True).first()
    if last is not None:
        same = _may_look().filter(pk=campaign_id, last_look=last)  # not over what another worker has just written
        same.update(next_look_at=now + SOON, last_look={**last, "put_off": why})


def note_broken_off(*, campaign_id: int, message: str, now: datetime) -> bool:
    """Have the campaign say that its look came to no end; False when it does not enroll by itself any more."""
    kept = Look(at=now, refused=message).as_json()
    return bool(Campaign.objects.living().enrolling().filter(pk=campaign_id).update(last_look=kept))


_BUSY = str(AudienceTaken())
_NO_ROOM = "As many automatic campaigns as may at once look at this moment; it is tried again in some seconds."
_TOO_LONG = (
    f"Going through everybody took longer than {LONGEST.seconds // 60} minutes. Ask for less in the segments of the "
    "audience."
)


def _keep(campaign: Campaign, found: Look, seconds: float) -> Look:
    kept = Look(**{**asdict(found), "seconds": round(seconds, 3)})
    wait = ASK_AGAIN if found.refused else max(EVERY, SHARE * timedelta(seconds=seconds))
    Campaign.objects.filter(pk=campaign.pk).update(last_look=kept.as_json(), next_look_at=found.at + wait)
    return kept


def _due(now: datetime) -> Q:
    return Q(next_look_at=None) | Q(next_look_at__lte=now)


def _may_look() -> CampaignQuerySet:
    """Running ones; before the start those that are to look then too; none that waits for people of its lead source."""
    new = Q(status__in=[CampaignStatus.DRAFT, CampaignStatus.SCHEDULED], standing_audience__before_start=True)
    being_filled = Exists(Job.objects.filter(STARTING, campaign=OuterRef("pk")))
    return Campaign.objects.living().enrolling().filter(Q(status=CampaignStatus.RUNNING) | new).filter(~being_filled)
