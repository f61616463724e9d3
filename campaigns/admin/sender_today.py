"""How many mails a sender may send today, and why so many: each limit of its own as a sentence."""

from collections.abc import Iterator
from datetime import date, datetime

from django.utils.html import format_html

from campaigns.models import Sender, SenderStatus
from campaigns.sending.limits import Gauge, LimitCode, Used, domain_gauge, sender_gauges
from campaigns.sending.ramp import Ramp, ramp_of
from campaigns_project.accounts.templatetags.fairlead import moment

DOMAINS_SHOWN = 5  # that are full, by name


def limits_said(sender: Sender, used: Used, *, now: datetime) -> list[str]:
    """A sentence for everything that holds its mails back at `now`; `used` is what was counted for it."""
    gauges = sender_gauges(sender, used, now=now)
    paused = ["It is paused: nothing leaves through it."] if sender.status == SenderStatus.PAUSED else []
    said = [sentence for gauge in gauges for sentence in _said(gauge, sender, now)]
    return [*paused, *(said or ["No limit of its own a day or an hour."]), *_of_domains(sender, used, now)]


def _said(gauge: Gauge, sender: Sender, now: datetime) -> Iterator[str]:
    figures = f"{gauge.used:,} of {gauge.limit:,}"
    if gauge.code == LimitCode.SENDER_HOUR:
        yield _full(f"{figures} this hour", gauge)
    elif gauge.code == LimitCode.SENDER_GAP:
        chance = f", by chance up to {sender.gap_jitter_seconds:,} s more" if sender.gap_jitter_seconds else ""
        apart = f"At least {sender.gap_seconds:,} s between two mails{chance}"
        yield format_html("{}; the next one {}.", apart, moment(gauge.free_at)) if gauge.is_full else f"{apart}."
    else:
        ramp = ramp_of(sender, now)
        by = "the ramp-up" if gauge.code == LimitCode.SENDER_RAMP else "its daily limit"
        yield _full(f"{figures} mails today, by {by}", gauge)
        if ramp is not None:
            yield _of_ramp(ramp)


def _full(words: str, gauge: Gauge) -> str:
    return format_html("{}: full, more {}.", words, moment(gauge.free_at)) if gauge.is_full else f"{words}."


def _of_ramp(ramp: Ramp) -> str:
    if ramp.is_over:
        return "The ramp-up is over."
    end = f", {ramp.most:,} from {_day(ramp.ends_on)} on" if ramp.most is not None and ramp.ends_on else ""
    if ramp.day < 1:
        return f"The ramp-up begins on {_day(ramp.begins_on)}; until then as on its first day{end}."
    if ramp.tomorrow == ramp.allowed:
        return f"Day {ramp.day:,} of the ramp-up, which does not grow: give it an increase, or end it."
    return f"Day {ramp.day:,} of the ramp-up: {ramp.allowed:,} today, {ramp.tomorrow:,} tomorrow{end}."


def _of_domains(sender: Sender, used: Used, now: datetime) -> Iterator[str]:
    if sender.domain_daily_limit is None:
        return
    domains = sorted({domain for _, domain, _ in used if domain})
    gauges = [gauge for each in domains if (gauge := domain_gauge(sender, used, each, now=now)) and gauge.is_full]
    more = f" and {len(gauges) - DOMAINS_SHOWN:,} more" if len(gauges) > DOMAINS_SHOWN else ""
    names = ", ".join(gauge.domain for gauge in gauges[:DOMAINS_SHOWN])
    full = f"; used up for {names}{more}" if gauges else ""
    yield f"At most {sender.domain_daily_limit:,} a day to addresses of one domain{full}."


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
