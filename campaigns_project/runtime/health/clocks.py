"""Time zones that were set where more of them were known: whose they are, and what becomes of these."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from campaigns.models import Campaign, Sender
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.timezones import MEND, known_zones
from campaigns_project.runtime.health.check import Check, Level, counted
from leads.models import Lead
from tracking.analytics.clock import known_to_both

NAMED = 3  # in the sentence; all of them behind it
LISTED = 50


@dataclass(frozen=True)
class _Owners:
    """Rows with a time zone, what one is called, and what becomes of those whose zone is not known."""

    rows: QuerySet
    noun: str
    follows: str


def examine_clocks() -> Iterator[Check]:
    """One line for each kind of rows some of which have an unknown zone, else one for all."""
    kinds = (
        _Owners(
            Campaign.objects.living().order_by("pk"), "campaign", "Nothing of it leaves, and its days are told by UTC."
        ),
        _Owners(Organization.objects.order_by("pk"), "organization", "Its days and calendar go by UTC."),
        _Owners(
            Sender.objects.defer(*Sender.SECRETS).order_by("pk"),
            "sender",
            "With a limit of the day, nothing leaves from it.",
        ),
    )
    checks = [check for owners in kinds for check in _unknown(owners)] + [*_leads(), *_to_the_database()]
    yield from checks or [Check("clocks", Level.OK, "Every time zone in use is known on this machine.")]


def _unknown(owners: _Owners) -> Iterator[Check]:
    unknown = owners.rows.exclude(timezone__in=sorted(known_zones()))
    lines = [f"{row}: {row.timezone}" for row in unknown[:LISTED]]
    if lines:
        named = ", ".join(lines[:NAMED]) + (" and others" if len(lines) > NAMED else "")
        said = f"{counted(unknown.count(), owners.noun)} with a time zone that is not known on this machine"
        yield Check(
            "clocks",
            Level.WARN,
            f"{said} ({named}). {owners.follows}",
            MEND,
            details=tuple(lines),
            shareable=f"{said}.",
        )


def _leads() -> Iterator[Check]:
    """By zone, since there may be a million of them."""
    unknown = Lead.objects.exclude(timezone="").exclude(timezone__in=sorted(known_zones())).order_by()
    zones = list(unknown.values_list("timezone").annotate(people=Count("pk")).order_by("-people", "timezone"))
    if zones:
        people = sum(number for _, number in zones)
        said = f"{counted(people, 'lead')} with a time zone that is not known on this machine"
        named = ", ".join(zone for zone, _ in zones[:NAMED]) + (" and others" if len(zones) > NAMED else "")
        follows = "Each gets mail by the clock of its campaign."
        lines = tuple(f"{zone}: {counted(number, 'lead')}" for zone, number in zones[:LISTED])
        yield Check("clocks", Level.WARN, f"{said} ({named}). {follows}", MEND, details=lines, shareable=f"{said}.")


def _to_the_database() -> Iterator[Check]:
    """Mail leaves by the clock that is known here; days are told by the database."""
    unknown = Campaign.objects.living().filter(timezone__in=sorted(known_zones() - known_to_both()))
    zones = sorted(set(unknown.values_list("timezone", flat=True)))
    if zones:
        named = ", ".join(zones[:NAMED]) + (" and others" if len(zones) > NAMED else "")
        message = f"The database does not know {named}: the days of campaigns there are told by UTC."
        yield Check("clocks", Level.WARN, message, "Bring the time zone data of the database's machine up to date.")
