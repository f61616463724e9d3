"""The ramp-up of a sender: how many mails a new one may send, day by day more, until it may send as many as any."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.models import Sender
from campaigns_project.accounts.timezones import zone_of


@dataclass(frozen=True)
class Ramp:
    """Where a ramp-up stands: `day` is 1 on its first, and less before that. `most` is where it ends, on `ends_on`;
    both are None where nothing ends it, and `ends_on` where it does not grow."""

    day: int
    allowed: int
    tomorrow: int
    begins_on: date
    most: int | None
    ends_on: date | None

    @property
    def is_over(self) -> bool:
        """Whether it allows as much as it ever will, so that it holds nothing back any more."""
        return self.most is not None and self.allowed >= self.most


def ramp_of(sender: Sender, at: datetime) -> Ramp | None:
    """The ramp-up of `sender` on the day of `at`, by the sender's own clock; None for one that has none."""
    if sender.ramp_start is None or sender.ramp_started_on is None:
        return None
    past = (at.astimezone(zone_of(sender.timezone)).date() - sender.ramp_started_on).days
    most = min((each for each in (sender.ramp_ceiling, sender.daily_limit) if each is not None), default=None)
    return Ramp(
        day=past + 1,
        allowed=_allowed(sender, past),
        tomorrow=_allowed(sender, past + 1),
        begins_on=sender.ramp_started_on,
        most=most,
        ends_on=_end(sender, most),
    )


def _allowed(sender: Sender, past: int) -> int:
    """So many days past its first one; before that as much as on it."""
    grown = (sender.ramp_start or 0) + sender.ramp_increase * max(past, 0)
    return grown if sender.ramp_ceiling is None else min(grown, sender.ramp_ceiling)


def _end(sender: Sender, most: int | None) -> date | None:
    missing = 0 if most is None else most - (sender.ramp_start or 0)
    if most is None or sender.ramp_started_on is None or (missing > 0 and not sender.ramp_increase):
        return None
    days = -(-max(missing, 0) // max(sender.ramp_increase, 1))
    try:
        return sender.ramp_started_on + timedelta(days=days)
    except OverflowError:  # after the last year that calendars have
        return None
