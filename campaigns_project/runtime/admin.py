"""The tables of the packages we build on, and of the installation itself, on our own admin base."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success
from knox.models import AuthToken
from unfold.decorators import display

from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.accounts.login_form import fill_in
from campaigns_project.accounts.models import ServiceAccount
from campaigns_project.accounts.templatetags.fairlead import seconds
from campaigns_project.audit.record import Subject
from campaigns_project.runtime import (  # noqa: F401 - each registers what it shows
    copying,
    first_steps_page,
    foot,
    going_live_page,
    health_page,
    home,
    second_factor_page,
    workers_page,
)
from campaigns_project.runtime.demo.login import filled_in
from campaigns_project.workers.models import DutyRun

fill_in(filled_in)

for model in (
    AccessAttempt,
    AccessFailureLog,
    AccessLog,
    AuthToken,
    Failure,
    Group,
    OrmQ,
    Schedule,
    Success,
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(Group)
class GroupAdmin(SystemAdmin):
    """Rights come from memberships; groups are only for what other packages may ask."""

    list_display = ["name"]
    search_fields = ["name"]
    fields = ["name"]
    writable = frozenset({"add", "change", "delete"})


@admin.register(AuthToken)
class AuthTokenAdmin(SystemAdmin):
    """Keys are stored hashed; here one sees which there are and revokes one by deleting it."""

    list_display = ["token_key", "user", "created", "expiry"]
    list_select_related = ["user"]
    search_fields = ["token_key", "user__email"]
    fields = ["token_key", "user", "created", "expiry"]
    readonly_fields = ["created"]
    writable = frozenset({"delete"})

    def subject_of(self, obj: Any) -> Subject:
        """Its beginning; the key of the row is the digest of the whole."""
        return Subject("authtoken", obj.token_key, str(obj.user))

    def home_of(self, obj: Any) -> int | None:
        account = ServiceAccount.objects.filter(user=obj.user_id).first()
        return account.organization_id if account else None


class LoginAdmin(SystemAdmin):
    """What people tried on the login page."""

    list_display = ["attempt_time", "username", "ip_address", "user_agent", "path_info"]
    search_fields = ["username", "ip_address"]
    exclude = ["get_data", "post_data"]  # may hold a password typed into the wrong field


@admin.register(AccessAttempt)
class AccessAttemptAdmin(LoginAdmin):
    """Deleting an attempt ends a lock-out."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start", "user_agent"]
    empty_when = {"": "No failed login since the last success"}
    writable = frozenset({"delete"})


@admin.register(AccessLog, AccessFailureLog)
class AccessLogAdmin(LoginAdmin):
    pass


class TaskAdmin(SystemAdmin):
    """Finished tasks. Their arguments are ids."""

    list_display = ["name", "func", "cluster", "started", "stopped"]
    search_fields = ["name", "func"]
    fields = [
        "name",
        "func",
        "args",
        "kwargs",
        "group",
        "cluster",
        "started",
        "stopped",
        "success",
        "attempt_count",
        "result",
    ]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("args", "kwargs", "result")


@admin.register(Success)
class SuccessAdmin(TaskAdmin):
    empty_when = {"": "Successful tasks are not kept: the jobs and imports tell what was done"}


@admin.register(Failure)
class FailureAdmin(TaskAdmin):
    empty_when = {"": "No task has failed"}
    writable = frozenset({"delete"})


@admin.register(Schedule)
class ScheduleAdmin(SystemAdmin):
    """Read only: a schedule names a Python function to be called, which belongs in the code."""

    list_display = ["name", "func", "schedule_type", "next_run", "cluster"]
    search_fields = ["name", "func"]
    empty_when = {"": "Nothing is scheduled here: the tick calls what is due every second"}


@admin.register(DutyRun)
class DutyRunAdmin(SystemAdmin):
    """What the tick did last; System health says which of it is overdue."""

    list_display = ["name", "every", "ran_at", "took", "failed_at"]
    search_fields = ["name"]
    fields = ["name", "every", "ran_at", "took", "succeeded_at", "failed_at", "error"]
    readonly_fields = fields
    empty_text = "No tick has run yet. manage.py run_worker starts one."

    @display(description="Every", ordering="every_seconds")
    def every(self, run: DutyRun) -> str:
        return seconds(run.every_seconds)

    @display(description="Took", ordering="took_seconds")
    def took(self, run: DutyRun) -> str:
        return f"{run.took_seconds * 1000:,.0f} ms"


@admin.register(OrmQ)
class QueueAdmin(SystemAdmin):
    """Tasks that wait for a worker, or are with one."""

    list_display = ["id", "task", "function", "lock"]
    fields = ["key", "task", "function", "lock"]
    readonly_fields = fields
    empty_when = {"": "The queue is empty"}

    @display(description="Task")
    def task(self, queued: OrmQ) -> str:
        return queued.name()

    @display(description="Function")
    def function(self, queued: OrmQ) -> str:
        return str(queued.func())
