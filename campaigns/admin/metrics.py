"""Metrics: the grid in which the last days are entered, what is measured with its line, and the values."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.operations import MembersChoice, OperationsPages, may_view, operations_page, require_role
from campaigns.admin.plans import number_of
from campaigns.models import MetricDefinition, MetricEntry
from campaigns.ops.items import FIRST_YEAR, LAST_YEAR
from campaigns.ops.metric_files import import_values
from campaigns.ops.metrics import Value, last_days, read_number, record_value, remove_entry
from campaigns_project.accounts.admin.base import ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter, titled
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.admin_site import Page, show_page
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused

SHOWN = 60  # values in the chart and its table
WIDTH, HEIGHT, EDGE = 640, 160, 12
MOST_METRICS = 100  # rows of the grid


@operations_page("Metrics")
def grid(request: HttpRequest, organization: Organization) -> Any:
    """By GET seven days to be filled in; by POST what was typed, or a file of values."""
    today = timezone.now().astimezone(zone_of(organization.timezone)).date()
    days = last_days(_asked_day(request, today))
    metrics = list(MetricDefinition.objects.for_organization(organization).order_by("name")[:MOST_METRICS])
    typed: dict[str, str] = {}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        require_role(request, Role.OPERATOR, organization)
        if "file" in request.FILES:
            return _load(request, organization, today)
        typed = {name: text for name, text in request.POST.items() if name.startswith("v-")}  # type: ignore[misc]
        wrong = _enter(request, metrics, days, typed, today)
        if not wrong:
            return request.get_full_path()
    there = {
        (entry.metric_id, entry.date): entry for entry in MetricEntry.objects.filter(metric__in=metrics, date__in=days)
    }
    rows = [
        {"metric": metric, "cells": [_cell(metric, day, there, typed, wrong) for day in days]} for metric in metrics
    ]
    context = {
        "days": days,
        "rows": rows,
        "today": today,
        "wrong": list(dict.fromkeys(wrong.values())),
        "before": _url(organization, until=days[0] - timedelta(days=1)),
        "after": _url(organization, until=days[-1] + timedelta(days=7)) if days[-1] < today else "",
    }
    return "campaigns/admin/metric_grid.html", context


def _cell(
    metric: MetricDefinition, day: date, there: Any, typed: dict[str, str], wrong: dict[str, str]
) -> dict[str, Any]:
    name = f"v-{metric.pk}-{day}"
    entry = there.get((metric.pk, day))
    stands = _plain(entry.value) if entry else ""
    label = f"{metric.name}, {day:%A %-d %B}"
    return {"name": name, "value": typed.get(name, stands), "stands": stands, "label": label, "wrong": wrong.get(name)}


@transaction.atomic
def _enter(
    request: HttpRequest, metrics: list[MetricDefinition], days: list[date], typed: dict[str, str], today: date
) -> dict[str, str]:
    """Enter what was changed; what is wrong, by field. Then nothing is entered. An emptied field is left as it was.

    The form says for each field what stood there when it was shown: what was not touched is not put back over what
    somebody else entered meanwhile.
    """
    wrong, changed = {}, 0
    for metric in metrics:
        for day in days:
            name = f"v-{metric.pk}-{day}"
            text, stood = typed.get(name, "").strip(), request.POST.get(f"was-{metric.pk}-{day}", "")
            if not text or text == stood:
                continue
            try:
                with transaction.atomic():
                    value = Value(metric, day, read_number(text))
                    user: Any = request.user
                    record_value(entered=value, author=user, actor=Actor.of_request(request, via="admin"), today=today)
                changed += 1
            except Refused as refused:
                wrong[name] = f"{metric.name}, {day}: {refused}"
    if wrong:
        transaction.set_rollback(True)
    elif changed:
        messages.success(request, f"{changed} {'value' if changed == 1 else 'values'} entered.")
    return wrong


def _load(request: HttpRequest, organization: Organization, today: date) -> str:
    file: Any = request.FILES["file"]
    user: Any = request.user
    new, there = import_values(
        organization=organization,
        stream=file,
        file_name=file.name,
        author=user,
        actor=Actor.of_request(request, via="admin"),
        today=today,
    )
    messages.success(request, f"Values entered: {new:,}. Days that had one before: {there:,}.")
    return request.get_full_path()


def _asked_day(request: HttpRequest, today: date) -> date:
    try:
        day = date.fromisoformat(request.GET.get("until", ""))
    except ValueError:
        return today
    return min(day, today) if FIRST_YEAR < day.year < LAST_YEAR else today


def _url(organization: Organization, **asked: Any) -> str:
    return f"{reverse('admin:operations_metrics')}?{urlencode({'organization': organization.slug, **asked})}"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


class DeleteMetric(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete metric"
    noun = "metric"
    title = "Delete this metric?"
    description = "All its values go with it."
    submit_text = "Delete metric and values"


@admin.register(MetricDefinition)
class MetricDefinitionAdmin(MembersChoice, OperationsPages, ScopedAdmin):
    shown_on = "operations_metrics"
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["name", "unit", "direction", "aim", "cadence", "entered_by", "organization"]
    list_filter = [
        ("cadence", titled(ChoicesDropdownFilter, "how often it is entered")),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization", "entered_by"]
    search_fields = ["name"]
    fields = ["organization", "name", "unit", ("direction", "target"), "cadence", "entered_by"]
    empty_text = "A number that people write down each day, week or month, such as meetings held."
    change_form_before_template = "campaigns/admin/metric_chart.html"
    actions_detail = ["remove"]

    remove = dialog_action(DeleteMetric)

    @display(description="Target", ordering="target")
    def aim(self, metric: MetricDefinition) -> str | None:
        return None if metric.target is None else _plain(metric.target)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        metric = self.get_queryset(request).filter(pk=number_of(object_id)).first()
        shown = {"chart": chart_of(metric)} if metric and self.has_view_permission(request, metric) else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})


def chart_of(metric: MetricDefinition) -> dict[str, Any]:
    """The last values as points of a line, with the target's height, and as rows of a table."""
    entries = list(metric.entries.select_related("entered_by").order_by("-date")[:SHOWN])[::-1]
    if not entries:
        return {"metric": metric, "entries": []}
    heights = [float(entry.value) for entry in entries] + ([float(metric.target)] if metric.target is not None else [])
    low, high = min(*heights, 0.0), max(*heights, 0.0)
    spread = high - low or 1.0
    first, last = entries[0].date, entries[-1].date
    days = (last - first).days or 1

    def x(day: date) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (day - first).days / days

    def y(value: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / spread

    points = [(f"{x(entry.date):.1f}", f"{y(float(entry.value)):.1f}", entry) for entry in entries]
    return {
        "metric": metric,
        "entries": entries[::-1],
        "points": points,
        "line": " ".join(f"{left},{top}" for left, top, _ in points),
        "target_top": f"{y(float(metric.target)):.1f}" if metric.target is not None else "",
        "width": WIDTH,
        "height": HEIGHT,
        "first": first,
        "last": last,
    }


class TakeBack(ActDialog):
    needs = Role.OPERATOR
    label = "Take back"
    icon = "delete"
    is_final = True
    title = "Take this value back?"
    description = "As if nothing had been entered. The audit log keeps what it was."
    submit_text = "Take value back"

    def act(self) -> str:
        remove_entry(entry=self.object, actor=self.actor)
        self.object = None
        return "The value was taken back."


@admin.register(MetricEntry)
class MetricEntryAdmin(OperationsPages, ReadOnlyAdmin):
    """Entered in the grid, where they are corrected too."""

    shown_on = "operations_metrics"
    list_display = ["metric", "date", "number", "note", "entered_by", "updated_at"]
    list_select_related = ["metric", "entered_by"]
    fields = ["metric", "date", "number", "note", "entered_by", "created_at", "updated_at"]
    readonly_fields = ["number"]
    search_fields = ["metric__name"]
    empty_text = "Values that were entered stand here, the newest first."
    actions_detail = ["take_back"]

    take_back = dialog_action(TakeBack)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("metric__organization", "entered_by")

    @display(description="Value", ordering="value")
    def number(self, entry: MetricEntry) -> str:
        return f"{_plain(entry.value)} {entry.metric.unit}".rstrip()


show_page(Page("operations_metrics", "operations/metrics/", grid, may_view))
