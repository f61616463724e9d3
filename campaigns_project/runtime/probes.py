"""For load balancers and scripts: is this process alive, and is it of use?"""

import logging
from typing import Any

from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns_project.database.identity import configured
from campaigns_project.rest.problems import problem
from campaigns_project.runtime.health import Examination, Level, examine
from campaigns_project.runtime.health.examination import GROUND

# What anybody may read; host names, versions and what exactly is missing are for system administrators.
PUBLIC = {
    "database": "The database cannot be reached, or takes no writes.",
    "migrations": "The database lacks tables that this version needs.",
}
HINT = "manage.py doctor says more; so does this address to a system administrator who is logged in."

log = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; asks nobody else. `instance` tells installations apart without telling where they are."""
    return JsonResponse({"status": "ok", "instance": configured().instance})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, 503 with the reasons as a problem when not. For the workers ask `doctor`."""
    found = examine(now=timezone.now(), only=GROUND)
    failed = [check for check in found.checks if check.level == Level.FAIL]
    reasons = list(dict.fromkeys(PUBLIC[check.name] for check in failed))
    details: dict[str, Any] = {"checks": found.as_json()["checks"]} if _is_for_administrator(request, found) else {}
    if not reasons:
        return JsonResponse({"status": "ready", "reasons": [], **details})
    log.error("not ready: %s", " ".join(check.message for check in failed))
    return problem(request, 503, "not_ready", " ".join(reasons), hint=HINT, reasons=reasons, **details)


def _is_for_administrator(request: HttpRequest, found: Examination) -> bool:
    """Whether a system administrator who is logged in asks. A key is an integration's, and none of those is one."""
    if any(check.down for check in found.checks):
        return False
    try:
        return request.user.is_active and request.user.is_superuser
    except Error:  # with tables that are missing all see what everybody sees
        return False
