"""The support bundle: what a helper needs to know of an installation, and nothing secret or personal.

It is put together from parts that were chosen one by one, and nothing is taken out afterwards: what a filter lets
through by mistake is read by strangers, what nobody put in is not.
"""

from datetime import datetime
from typing import Any

from django.db import connection

from campaigns_project.database.identity import configured
from campaigns_project.runtime.health.configuration import safe_settings
from campaigns_project.runtime.health.examine import examine
from campaigns_project.runtime.health.failures import last_failures
from campaigns_project.runtime.health.versions import versions

SCHEMA = "fairlead.support_bundle/1"


def make_bundle(*, now: datetime) -> dict[str, Any]:
    """Everything as plain values for JSON; without a database what needs none."""
    found = examine(now=now)
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "made_at": now,
        "instance": configured().instance,
        "versions": versions(),
        "settings": safe_settings(),
        "checks": [check.for_support() for check in found.checks],
    }
    if found.is_cut_short:
        return made
    return {**made, "rows": _rows(), "last_failures": last_failures()}


def _rows() -> dict[str, int]:
    """Rows by table, as the statistics of Postgres have them: counting millions is not for this."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS)
        return dict(cursor.fetchall())


_ROWS = """
SELECT relname, n_live_tup FROM pg_stat_user_tables WHERE schemaname = current_schema() ORDER BY relname
"""
