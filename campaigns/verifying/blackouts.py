"""The blackout days that sending reads on an organization's row, against its calendar."""

from collections.abc import Iterable

from django.db.backends.utils import CursorWrapper

from campaigns_project.verification.finding import Finding
from campaigns_project.verification.rows import FIX_SQL, Fault, scan

_DAYS = """
SELECT item.organization_id, array_agg(DISTINCT day::date ORDER BY day::date) AS days
FROM calendar_items item, generate_series(item.starts_on::timestamp, item.ends_on::timestamp, interval '1 day') day
WHERE item.kind = 'blackout' GROUP BY item.organization_id
"""
_SOURCE = f"organizations organization LEFT JOIN ({_DAYS}) calendar ON calendar.organization_id = organization.id"
_NONE = "ARRAY[]::date[]"


def check_blackouts(cursor: CursorWrapper) -> Iterable[Finding]:
    """The days on the row are those of the calendar: a trigger writes them, which a restore may pass."""
    return scan(cursor, source=_SOURCE, key="organization.id", faults=[_WRONG])


_WRONG = Fault(
    id="blackout_days_wrong",
    where="organizations.blackout_days",
    message="The days on which nothing leaves are not those of the organization's calendar.",
    condition=f"organization.blackout_days <> coalesce(calendar.days, {_NONE})",
    fix=FIX_SQL,
    fix_sql="UPDATE organizations SET blackout_days = coalesce((SELECT calendar.days"  # noqa: S608 - our own text
    f" FROM ({_DAYS}) calendar WHERE calendar.organization_id = organizations.id), {_NONE});",
)
