"""Tasks of operators: the board with its four columns, and the form of one."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count
from django.http import Http404, HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from campaigns.admin.filters import OfCampaign
from campaigns.admin.operations import MembersChoice, OperationsPages, may_view, operations_page, require_role
from campaigns.models import OperatorTask, TaskKind, TaskStatus
from campaigns.ops.checklists import as_lines, read_lines
from campaigns.ops.tasks import add_task, change_task, complete_task, move_task, my_open_tasks, remove_task, reopen_task
from campaigns.scheduling.clock import day_end
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.undo import Undo, require_in_time, tell
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.admin_site import Page, show_badge, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from leads.addresses import stored_form
from leads.models import Lead

SHOWN = 100  # cards in a column; the list has them all


@operations_page("Task board")
def board(request: HttpRequest, organization: Organization) -> Any:
    """By GET the board; by POST one act on it."""
    if request.method == "POST":
        require_role(request, Role.OPERATOR, organization)
        require_in_time(request)
        sentence, undo = _act(request, organization)
        tell(request, sentence, undo=undo)
        return request.get_full_path()
    now = timezone.now()
    rows = OperatorTask.objects.living().for_organization(organization)
    who = request.GET.get("who", "all")
    if who == "mine":
        rows = rows.filter(assignee=request.user)  # type: ignore[misc]
    is_late = request.GET.get("overdue") == "1"
    if is_late:
        rows = rows.overdue(now)
    counts = dict(rows.order_by().values_list("status").annotate(number=Count("pk")))
    linked = rows.select_related("assignee", "campaign", "lead").order_by("position", "pk")
    columns = [
        {"status": status, "count": counts.get(status, 0), "tasks": list(linked.filter(status=status)[:SHOWN])}
        for status in TaskStatus
    ]
    context = {
        "columns": columns,
        "statuses": TaskStatus.choices,
        "kinds": TaskKind.choices,
        "who": who,
        "is_late": is_late,
        "is_whole": who != "mine" and not is_late,  # elsewhere a place among those shown says nothing
        "now": now,
        "shown": SHOWN,
    }
    return "campaigns/admin/task_board.html", context


def _act(request: HttpRequest, organization: Organization) -> tuple[str, Undo | None]:
    """What was done, in a sentence, and what takes it back."""
    asked, actor, now = request.POST, Actor.of_request(request, via="admin"), timezone.now()
    user: Any = request.user
    if asked.get("act") == "add":
        kind = asked.get("kind", "")
        kind = kind if kind in TaskKind.values else TaskKind.OTHER
        title = asked.get("title", "")[:200]
        made = add_task(organization=organization, author=user, actor=actor, title=title, kind=kind)
        return f"“{made.title}” is on top of “To do”.", None
    task = _task(organization, asked.get("task", ""))
    if asked.get("act") == "complete":
        done = complete_task(task=task, actor=actor, now=now)
        return f"“{task.title}” is done.", _back(request, task, done)
    if asked.get("act") == "reopen":
        reopened = reopen_task(task=task, actor=actor, now=now)
        return f"“{task.title}” is to do again.", _back(request, task, reopened)
    position, version = asked.get("position", ""), asked.get("version", "")
    moved = move_task(
        task=task,
        status=asked.get("column", ""),
        position=int(position[:9]) if position.isdecimal() else None,
        version=int(version[:9]) if version.isdecimal() else 0,
        actor=actor,
        now=now,
    )
    return f"“{moved.title}” is in “{moved.get_status_display()}” now.", _back(request, task, moved)


def _back(request: HttpRequest, before: OperatorTask, after: OperatorTask) -> Undo | None:
    """To the top of the column it came from, if nobody has touched it since."""
    if before.status == after.status:
        return None
    fields = {"act": "move", "task": str(after.pk), "column": before.status, "version": str(after.version)}
    return Undo(request.get_full_path(), fields)


def _task(organization: Organization, number: str) -> OperatorTask:
    found = None
    if number.isdecimal() and len(number) < 19:
        found = OperatorTask.objects.living().for_organization(organization).filter(pk=int(number)).first()
    if found is None:
        raise Http404
    return found


class ChecklistField(forms.CharField):
    """Parts, one a line; those that begin with “x ” are done."""

    def __init__(self, **kwargs: Any):
        super().__init__(widget=UnfoldAdminTextareaWidget({"rows": 4}), required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return as_lines(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        try:
            return read_lines(str(value or ""))
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return (initial or []) != self.to_python(data)
        except forms.ValidationError:
            return True


class HourField(forms.DateTimeField):
    """A day and its hour in one input, to the minute."""

    def __init__(self, **kwargs: Any):
        widget = UnfoldAdminTextInputWidget({"type": "datetime-local"})
        super().__init__(widget=widget, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        shown = super().prepare_value(value)
        return shown.strftime("%Y-%m-%dT%H:%M") if isinstance(shown, datetime) else shown

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "") != (data or "")


class LeadField(forms.CharField):
    """A lead by its address; there are too many to choose from."""

    def __init__(self, **kwargs: Any):
        super().__init__(widget=UnfoldAdminTextInputWidget, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            return Lead.objects.filter(pk=value).values_list("email", flat=True).first()
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return stored_form(self.prepare_value(initial) or "") != stored_form(str(data or "").strip())


class TaskForm(ScopedForm):
    due_at = HourField(label="Due", help_text=f"By the clock of {settings.TIME_ZONE}.")
    checklist = ChecklistField(help_text="Its parts, one a line. One that begins with “x ” is done.")
    lead = LeadField(help_text="The address of the lead it is about, if any.")

    def clean_lead(self) -> Lead | None:
        address = self.cleaned_data["lead"].strip()
        if not address:
            return None
        home = self.cleaned_data.get("organization") or (self.instance.organization if self.instance.pk else None)
        found = None
        if home is not None:
            found = Lead.objects.for_organization(home).filter(email_normalized=stored_form(address)).first()
        if found is None:
            raise forms.ValidationError(f"There is no lead with the address “{address[:100]}” in the organization.")
        return found


class TaskDialog(ActDialog):
    needs = Role.OPERATOR


class Complete(TaskDialog):
    label = "Done"
    icon = "task_alt"
    title = "Is this task done?"
    submit_text = "Mark as done"
    undone_by = "reopen"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status != TaskStatus.DONE and super().offered(request, obj)

    def act(self) -> str:
        complete_task(task=self.object, actor=self.actor, now=self.now)
        return "The task is done."


class Reopen(TaskDialog):
    label = "Reopen"
    icon = "undo"
    title = "Take this task up again?"
    submit_text = "Reopen task"
    undone_by = "complete"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == TaskStatus.DONE and super().offered(request, obj)

    def act(self) -> str:
        reopen_task(task=self.object, actor=self.actor, now=self.now)
        return "The task is to do again."


class DeleteTask(TaskDialog):
    label = "Delete task"
    icon = "delete"
    is_final = True
    title = "Delete this task?"
    submit_text = "Delete task"

    def act(self) -> str:
        remove_task(task=self.object, actor=self.actor)
        self.object = None
        return "The task was deleted."


@admin.register(OperatorTask)
class OperatorTaskAdmin(MembersChoice, OperationsPages, ScopedAdmin):
    """The list behind the board, and the form of one task."""

    shown_on = "operations_board"
    form = TaskForm
    list_display = ["title", "state", "kind", "due_at", "assignee", "campaign", "lead"]
    views = (("All", ""), *((str(status.label), f"status__exact={status.value}") for status in TaskStatus))
    list_filter = [
        ("status", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("due_at", MomentsFilter),
        OfCampaign,
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["assignee", "campaign", "lead"]
    search_fields = ["title"]
    fields = ["organization", "title", ("kind", "due_at"), "assignee", ("campaign", "lead"), "note", "checklist"]
    empty_text = "Work for people: calls, replies, research, approvals. The task board shows it in columns."
    actions_detail = ["complete", "reopen", "remove"]

    complete = dialog_action(Complete)
    reopen = dialog_action(Reopen)
    remove = dialog_action(DeleteTask)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "change" if change else "add", obj)
        actor = Actor.of_request(request, via="admin")
        asked = {name: getattr(obj, name) for name in form.changed_data if name != "organization"}
        if change:
            change_task(task=obj, actor=actor, **asked)
            return
        asked["title"] = obj.title
        user: Any = request.user
        made = add_task(organization=obj.organization, author=user, actor=actor, **asked)
        obj.pk, obj._state.adding = made.pk, False

    @display(description="Column", ordering="status")
    def state(self, task: OperatorTask) -> str:
        return chip("done" if task.status == TaskStatus.DONE else "to_do", task.get_status_display())


def due_today(request: HttpRequest) -> str:
    """How many of my tasks are due today or late; nothing where there are none."""
    number = my_tasks_today(request, now=timezone.now()).count()
    return str(number) if number else ""


def my_tasks_today(request: HttpRequest, *, now: datetime) -> Any:
    """Mine that are due today or late, the most urgent first; none where the pages are switched off."""
    if not may_view(request):
        return OperatorTask.objects.none()
    mine = held_roles(request).scope(my_open_tasks(request.user))  # type: ignore[arg-type]
    return mine.filter(due_at__lt=day_end(now, ZoneInfo(settings.TIME_ZONE)))


show_page(Page("operations_board", "operations/board/", board, may_view))
show_badge("Task board", due_today)
