"""By whose clock days and hours are told: the campaign's, and UTC where its time zone is not known.

A zone may be known here and not to the database, which tells the days, or the other way round: only what both know
counts, so that a page and the figures on it have the same days.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Case, DateField, F, Func, Value, When
from django.db.models.expressions import Combinable

from campaigns.models import Campaign
from campaigns_project.accounts.timezones import known_zones

UTC = "UTC"
# The same in a statement on `campaign`: of those it asks the database alone, which reads hundreds of files for it.
CLOCK = "CASE WHEN campaign.timezone IN (SELECT name FROM pg_timezone_names) THEN campaign.timezone ELSE 'UTC' END"


def clock_of(campaign: Campaign) -> ZoneInfo:
    """The zone by which its days are told."""
    return ZoneInfo(campaign.timezone if campaign.timezone in known_to_both() else UTC)


def clock(of: str = "") -> Case:
    """The name of that zone, for each campaign; `of` leads to it from a row of another table (`campaign__`)."""
    is_known = When(**{f"{of}timezone__in": sorted(known_to_both())}, then=F(f"{of}timezone"))
    return Case(is_known, default=Value(UTC))


def day_of(moment: Combinable) -> Func:
    """The date at `moment` by the clock of a row's `campaign`."""
    return Func(
        moment,
        clock("campaign__"),
        template="(%(expressions)s)::date",
        arg_joiner=" AT TIME ZONE ",
        output_field=DateField(),
    )


@lru_cache(maxsize=1)
def known_to_both() -> frozenset[str]:
    """Names of zones that this process and the database know. Kept: to ask takes the database a tenth of a second."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        return known_zones() & {name for (name,) in cursor.fetchall()}
