"""For load balancers and scripts: is this process alive, and is it of use?"""

from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from campaigns_project.database import migrating
from campaigns_project.database.identity import configured


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; asks nobody else. `instance` tells installations apart without telling where they are."""
    return JsonResponse({"status": "ok", "instance": configured().instance})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, 503 with the reasons when not. Workers do not matter here: ask `doctor`."""
    reasons = _reasons()
    return JsonResponse(
        {"status": "not ready" if reasons else "ready", "reasons": reasons}, status=503 if reasons else 200
    )


def _reasons() -> list[str]:
    try:
        missing = len(migrating.pending())
    except Error:
        return ["The database cannot be reached."]  # the details, with host names, are for the log and `doctor`
    return [f"{missing} migrations have not been applied."] if missing else []
