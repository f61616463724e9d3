"""What must hold of an item of the calendar; the same for its form, the API and the command."""

from datetime import date

from django.db import transaction

from campaigns.models import CalendarItem, ItemKind
from campaigns.models.calendar import LONGEST_ITEM
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused

MOST_BLACKOUT_DAYS = 366  # of an organization, from today on: each is looked at when a window's opening is sought
FIRST_YEAR, LAST_YEAR = 2000, 2200


@transaction.atomic
def check_item(item: CalendarItem, *, today: date) -> None:
    """Refused for days that make no sense, or more blackout days than an organization may have ahead.

    To be called in the transaction that saves it: until then nobody else adds any.
    """
    _check_days(item.starts_on, item.ends_on)
    if item.kind == ItemKind.BLACKOUT:
        Organization.objects.select_for_update(no_key=True).get(pk=item.organization_id)
        ahead = _days_ahead(item, today)
        if ahead > MOST_BLACKOUT_DAYS:
            raise Refused(
                "too_many_blackout_days",
                f"With it {ahead:,} blackout days would lie ahead.",
                f"At most {MOST_BLACKOUT_DAYS} may. To send nothing at all, pause the campaigns.",
                {"field": "ends_on"},
            )


def _check_days(first: date, last: date) -> None:
    if not (FIRST_YEAR <= first.year <= LAST_YEAR and FIRST_YEAR <= last.year <= LAST_YEAR):
        message = f"The years {FIRST_YEAR} to {LAST_YEAR} have a calendar here."
        raise Refused("day_out_of_range", message, "Look at the year.", {"field": "starts_on"})
    if last < first:
        raise Refused("ends_before_it_starts", "The last day is before the first.", "", {"field": "ends_on"})
    if (last - first).days >= LONGEST_ITEM:
        message = f"It takes {(last - first).days + 1:,} days."
        raise Refused("item_too_long", message, f"At most {LONGEST_ITEM}.", {"field": "ends_on"})


def _days_ahead(item: CalendarItem, today: date) -> int:
    """Counted item by item, so that two over the same days count twice: it is a most, and rarely met."""
    others = CalendarItem.objects.filter(
        organization=item.organization_id, kind=ItemKind.BLACKOUT, ends_on__gte=today
    ).exclude(pk=item.pk)
    there = sum((last - first).days + 1 for first, last in others.values_list("starts_on", "ends_on"))
    return there + (item.ends_on - item.starts_on).days + 1
