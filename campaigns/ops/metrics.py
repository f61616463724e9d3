"""Numbers that people write down: one value for each metric and day, entered, corrected and taken back.

A correction replaces what stood there. Both are in the audit log, which nobody can change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from campaigns.models import MetricDefinition, MetricEntry
from campaigns.ops.items import FIRST_YEAR, LAST_YEAR
from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused

LONGEST_NOTE = 300
MOST_AT_ONCE = 1_000
_MOST = Decimal(10) ** 14
_FINEST = Decimal("0.0001")


@dataclass(frozen=True)
class Value:
    """What is to be entered: a number for a metric on a day."""

    metric: MetricDefinition
    date: date
    value: Decimal
    note: str | None = None  # None leaves what stands there


@transaction.atomic
def record_value(*, entered: Value, author: User | None, actor: Actor, today: date) -> tuple[MetricEntry, bool]:
    """Enter or correct the value of a day; whether it is new. Refused for a day ahead or a number out of range.

    Entering what stands there already changes nothing, and leaves no entry in the audit log.
    """
    value = _checked(entered, today)
    # Of two who enter it at once the second waits here, and corrects.
    MetricDefinition.objects.select_for_update(no_key=True).get(pk=entered.metric.pk)
    there = MetricEntry.objects.filter(metric=entered.metric, date=entered.date).first()
    if there is None:
        made = MetricEntry.objects.create(
            metric=entered.metric, date=entered.date, value=value, note=_note(entered.note), entered_by=author
        )
        after = {"metric": entered.metric.pk, "date": made.date, "value": made.value, "note": made.note}
        _record(made, "created", actor, after=after)
        return made, True
    asked = {"value": value, **({} if entered.note is None else {"note": _note(entered.note)})}
    before = {name: getattr(there, name) for name in asked if getattr(there, name) != asked[name]}
    if before:
        for name in before:
            setattr(there, name, asked[name])
        there.entered_by = author
        there.save(update_fields=[*before, "entered_by", "updated_at"])
        _record(there, "changed", actor, before=before, after={name: asked[name] for name in before})
    return there, False


@transaction.atomic
def record_values(*, entered: Sequence[Value], author: User | None, actor: Actor, today: date) -> tuple[int, int]:
    """All of them or none; answers how many are new, and how many stood there before."""
    new = 0
    # In one order, so that two who enter the same lists never wait for each other.
    for value in sorted(entered, key=lambda one: (one.metric.pk, one.date)):
        new += record_value(entered=value, author=author, actor=actor, today=today)[1]
    return new, len(entered) - new


@transaction.atomic
def remove_entry(*, entry: MetricEntry, actor: Actor) -> None:
    """Take a value back: as if nothing had been entered."""
    _record(entry, "deleted", actor, before={"metric": entry.metric_id, "date": entry.date, "value": entry.value})
    entry.delete()


def find_metric(organization: Organization, named: str) -> MetricDefinition:
    """A metric of `organization` by its number or its exact name."""
    mine = MetricDefinition.objects.for_organization(organization)
    found = mine.filter(pk=int(named)).first() if named.isdecimal() and len(named) < 19 else None
    found = found or mine.filter(name=named).first()
    if found is None:
        known = ", ".join(mine.values_list("name", flat=True)[:10]) or "none yet"
        raise NotFound("metric_not_found", f"There is no metric “{named}”.", f"There are: {known}.")
    return found


def read_number(text: str) -> Decimal:
    """A number as people write it: 1200, 1 200.5, 12,5. Refused for anything else, and where it is not clear."""
    plain = "".join(text.split()).replace("\N{NO-BREAK SPACE}", "").replace("\N{MINUS SIGN}", "-")
    if plain.count(",") == 1 and "." not in plain:
        if len(plain.partition(",")[2]) == 3:
            raise _not_a_number(text, "It may mean thousands or thousandths. Write it without a comma.")
        plain = plain.replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not plain.isascii():
        raise _not_a_number(text, "Write digits, and a point before decimals.")
    return number


def last_days(today: date, number: int = 7) -> list[date]:
    """The days of the quick entry, the oldest first."""
    return [today - timedelta(days=back) for back in range(number - 1, -1, -1)]


def _checked(entered: Value, today: date) -> Decimal:
    if not FIRST_YEAR <= entered.date.year <= LAST_YEAR:
        message = f"The years {FIRST_YEAR} to {LAST_YEAR} have a calendar here."
        raise Refused("day_out_of_range", message, "Look at the year.", {"field": "date"})
    if entered.date > today + timedelta(days=1):  # somewhere it is tomorrow already
        message = f"{entered.date} is still to come."
        raise Refused("day_ahead", message, "Enter what was measured, on its day.", {"field": "date"})
    if not entered.value.is_finite() or abs(entered.value) >= _MOST:
        raise Refused("number_out_of_range", f"{entered.value} is too large.", "", {"field": "value"})
    value = entered.value.quantize(_FINEST)
    if value != entered.value:
        message = f"{entered.value} has more than four decimals."
        raise Refused("number_too_fine", message, "Round it.", {"field": "value"})
    return value


def _note(note: str | None) -> str:
    words = " ".join((note or "").replace("\0", "").split())
    if len(words) > LONGEST_NOTE:
        message = f"The note has {len(words)} characters; it may have {LONGEST_NOTE}."
        raise Refused("note_too_long", message, "Shorten it.", {"field": "note"})
    return words


def _not_a_number(text: str, hint: str) -> Refused:
    return Refused("not_a_number", f"“{text[:40]}” is not a number.", hint, {"field": "value"})


def _record(entry: MetricEntry, act: str, actor: Actor, **told: Any) -> None:
    organization = entry.metric.organization_id
    record(action=f"metricentry.{act}", entity=entry, organization_id=organization, actor=actor, **told)
