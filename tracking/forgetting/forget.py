"""Go through the organizations that keep something for a time, batch by batch."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from campaigns.forgetting import count_old_values, forget_values
from campaigns.locks import Lock, let_go, take_for_session
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Locked
from tracking.forgetting.details import begin_anew, count_old_details, forget_details
from tracking.forgetting.words import count_old_words, forget_words

_ALL = 0


@dataclass(slots=True)
class Forgotten:
    """Of one organization: how many mails lost their values, events their details, mails that came in their words.

    `is_through` is False where time was up before everything old was gone.
    """

    organization: Organization
    values: int = 0
    details: int = 0
    words: int = 0
    is_through: bool = True

    @property
    def count(self) -> int:
        return self.values + self.details + self.words


def is_asked_for() -> bool:
    """Whether any organization keeps something for a time alone."""
    return _with_an_age().exists()


def forget_old(
    *,
    now: datetime,
    organization: Organization | None = None,
    budget: timedelta | None = None,
    anew: bool = False,
) -> list[Forgotten]:
    """Forget what is too old, in every organization or in one; within `budget`, or however long it takes.

    May be broken off at any moment, and goes on where it stood. `anew` looks at all events once more, not only at those
    that have become old since. Locked while somebody else is at it.
    """
    if not take_for_session(Lock.FORGETTING, _ALL):
        raise Locked(
            "forgetting_elsewhere", "What is old is being forgotten at this moment.", "Let it end, or try again later."
        )
    try:
        ends = time.monotonic() + budget.total_seconds() if budget else float("inf")
        return [_forget(each, now=now, ends=ends, anew=anew) for each in _asked(organization)]
    finally:
        let_go(Lock.FORGETTING, _ALL)


def count_old(*, now: datetime, organization: Organization | None = None, anew: bool = False) -> list[Forgotten]:
    """What `forget_old` would forget. Changes nothing."""
    return [
        Forgotten(
            each,
            values=count_old_values(organization=each, now=now),
            details=count_old_details(organization=each, now=now, anew=anew),
            words=count_old_words(organization=each, now=now),
        )
        for each in _asked(organization)
    ]


def _with_an_age() -> QuerySet[Organization]:
    return Organization.objects.filter(Q(values_kept_days__isnull=False) | Q(details_kept_days__isnull=False))


def _asked(organization: Organization | None) -> Iterable[Organization]:
    rows = _with_an_age().order_by("pk")
    return rows if organization is None else rows.filter(pk=organization.pk)


def _forget(organization: Organization, *, now: datetime, ends: float, anew: bool) -> Forgotten:
    if anew:
        begin_anew(organization=organization)
    done = Forgotten(organization)
    for kind, forget in _ACTS.items():
        has_more = True
        while has_more and time.monotonic() < ends:
            current = Organization.objects.filter(pk=organization.pk).first()  # a longer age counts from here on
            count, has_more = forget(organization=current, now=now) if current else (0, False)
            setattr(done, kind, getattr(done, kind) + count)
        done.is_through = done.is_through and not has_more
    return done


_ACTS: Mapping[str, Callable[..., tuple[int, bool]]] = {
    "values": forget_values,
    "details": forget_details,
    "words": forget_words,
}
