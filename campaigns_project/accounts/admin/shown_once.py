"""A secret on its way from the act that made it to the one page that shows it, this once.

In the session until then. Encrypted, since sessions stand in the database.
"""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from campaigns_project.encryption import decrypt, encrypt

SHOWN_ONCE = "shown_once"


def keep_to_show(request: HttpRequest, row: Model, secret: str) -> None:
    """Have the next page of `row` show `secret`."""
    request.session[SHOWN_ONCE] = [row._meta.label_lower, row.pk, encrypt(secret)]


def taken_to_show(request: HttpRequest, row: Any) -> str:
    """The secret that was kept for the page of `row`, now forgotten; empty where there is none."""
    kept = request.session.get(SHOWN_ONCE)
    if kept is None or kept[:2] != [row._meta.label_lower, row.pk]:
        return ""
    del request.session[SHOWN_ONCE]
    return decrypt(kept[2])
