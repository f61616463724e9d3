"""The looks for orphans, for system administrators: what was found, and two buttons."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.decorators import display
from unfold.enums import ActionVariant

from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.system import SystemAdmin
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.cleanup.asked import ask_for_cleaning, ask_for_look
from campaigns_project.cleanup.models import OrphanReport
from campaigns_project.cleanup.nightly import latest_orphan_report


class OfInstallation(ActDialog):
    """For system administrators alone: it concerns every organization."""

    needs = Role.OWNER

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return request.user.is_superuser


class Look(OfInstallation):
    label = "Look now"
    icon = "search"
    title = "Look for orphans now?"
    description = "Every table is looked through for rows whose parent is gone. Nothing is changed."
    submit_text = "Look now"

    def act(self) -> str:
        ask_for_look(actor=self.actor, now=self.now)
        return "A worker looks; what it finds will stand in this list."


class Remove(OfInstallation):
    label = "Remove orphans"
    icon = "cleaning_services"
    variant = ActionVariant.DANGER
    is_final = True
    title = "Remove every row whose parent is gone?"
    submit_text = "Remove them for ever"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        report = latest_orphan_report()
        return super().offered(request, obj) and report is not None and report.left > 0

    @property
    def description(self) -> str:
        report = latest_orphan_report()
        found = report.sentence if report else "Nobody has looked yet."
        return f"The last look: {found} No page shows these rows. To keep a copy: manage.py cleanup_orphans --archive."

    def act(self) -> str:
        ask_for_cleaning(actor=self.actor, now=self.now)
        return "A worker removes them; the outcome will stand in this list."


@admin.register(OrphanReport)
class OrphanReportAdmin(SystemAdmin):
    list_display = ["queued_at", "outcome", "kind", "found", "removed", "asked_by"]
    fields = ["outcome", "where", "not_done", "asked_by", "only_table", "queued_at", "finished_at"]
    readonly_fields = ["outcome", "where", "not_done"]
    actions_list = ["look", "remove"]
    empty_text = "Every night the database is looked through for rows whose parent is gone. Nobody has looked yet."

    look = dialog_action(Look)
    remove = dialog_action(Remove)

    def get_actions_list(self, request: HttpRequest) -> list[Any]:
        return [action for action in self._get_base_actions_list() if action.method.offered(request, None)]

    @display(description="Outcome")
    def outcome(self, report: OrphanReport) -> str:
        if report.finished_at is None:
            return chip("queued", "Not finished")
        return chip("failed" if report.needs_attention else "succeeded", report.sentence)

    @display(description="What")
    def kind(self, report: OrphanReport) -> str:
        return "Looked" if report.is_dry_run else "Removed"

    @display(description="Found in")
    def where(self, report: OrphanReport) -> str:
        return _lines(f"{place}: {count:,}" for place, count in report.counts.items())

    @display(description="Not done")
    def not_done(self, report: OrphanReport) -> str:
        return _lines(report.problems)


def _lines(texts: Iterable[str]) -> str:
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts)) or "—"
