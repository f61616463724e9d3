"""The line under the operations pages: which installation this is, so that nobody works on the wrong one."""

from django.http import HttpRequest

from campaigns_project.admin_site import show_foot
from campaigns_project.database.identity import configured
from campaigns_project.runtime.health.versions import app_version, release

# Below /admin/: what is about the running of things rather than about leads and mails.
OPERATIONS = (
    "campaigns/job/",
    "campaigns/campaigntombstone/",
    "campaigns/sendinghalt/",
    "audit/",
    "workers/",
    "system/",
    "django_q/",
    "axes/",
)


def foot(request: HttpRequest) -> str:
    """Version and database; where that is, only for those who run the installation. Asks no server."""
    if not request.path.removeprefix("/admin/").startswith(OPERATIONS):
        return ""
    database = configured()
    if request.user.is_superuser:
        return f"{release()} · database {database} · installation {database.instance}"
    return f"Fairlead {app_version()} · installation {database.instance}"


show_foot(foot)
