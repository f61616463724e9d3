"""On which day something was by the clock of its campaign, told by the database for many campaigns at once."""

from django.db.models import Case, DateField, F, Func, Value, When
from django.db.models.expressions import Combinable

from campaigns_project.accounts.timezones import known_zones


def day_of(moment: Combinable) -> Func:
    """The date at `moment` by the clock of a row's `campaign`; by UTC where its time zone is not known."""
    is_known = When(campaign__timezone__in=sorted(known_zones()), then=F("campaign__timezone"))
    return Func(
        moment,
        Case(is_known, default=Value("UTC")),
        template="(%(expressions)s)::date",
        arg_joiner=" AT TIME ZONE ",
        output_field=DateField(),
    )
