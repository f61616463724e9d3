"""What one does with an import as a whole, each behind a dialog that says what will come of it."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldBooleanWidget

from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.states import ProgressStatus
from leads.admin.importing.uploading import repeat_sentence
from leads.admin.importing.wording import STAY_OUT, counted, rows_known
from leads.imports.canceling import cancel_import, discard_draft
from leads.imports.receiving import commit_import
from leads.imports.undoing import WITHIN, UndoPreview, preview_undo, undo_import
from leads.models import ImportSource, ImportStatus, LeadImport

# Why a lead stays when its import is undone, behind the number of such leads.
KEPT_WORDS = {
    "changed": "changed since",
    "in_campaign": "in a campaign",
    "in_other_import": "in another import too",
    "in_segment": "in a frozen segment",
    "tagged": "with a tag from elsewhere",
    "worked_on": "with notes or a status",
}


class CommitImport(ActDialog):
    needs = Role.OPERATOR
    label = "Import"
    icon = "download_done"
    variant = ActionVariant.PRIMARY

    confirm_repeat = forms.BooleanField(label="Import it again", required=False, widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.repeat = repeat_sentence(self.object)
        self.fields["confirm_repeat"].help_text = f"{self.repeat} The leads it brought are there already."
        if not self.repeat:
            del self.fields["confirm_repeat"]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == ImportStatus.DRAFT and brings_somebody(obj) and super().offered(request, obj)

    @property
    def title(self) -> str:
        return f"Import {ready_count(self.object)}?"

    @property
    def description(self) -> str:
        found = self.object.dry_run
        if self.object.dry_run_status != ProgressStatus.SUCCEEDED:
            return "What would come of it has not been counted. It can be undone for a day."
        return (
            f"{found['created']:,} new, {found['updated']:,} updated, {found['problems']:,} left out for their "
            f"problems, as counted at {self.object.dry_run_at:%H:%M} UTC. Where leads were changed since, the numbers "
            "may differ. It can be undone for a day."
        )

    @property
    def submit_text(self) -> str:
        return f"Import {ready_count(self.object)}"

    def act(self) -> str:
        confirmed = self.cleaned_data.get("confirm_repeat", False)
        commit_import(lead_import=self.object, actor=self.actor, now=self.now, confirm_repeat=confirmed)
        return f"{self.object.file_name} is being imported."


class CancelImport(ActDialog):
    needs = Role.OPERATOR
    label = "Cancel import"
    icon = "cancel"
    is_final = True
    title = "Cancel this import?"
    submit_text = "Cancel import"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status in ImportStatus.going and super().offered(request, obj)

    @property
    def description(self) -> str:
        if self.object.source in ImportSource.in_parts:
            return "The rows that are done stay; the rest is not read. Importing the same file again does no harm."
        return "Leads that are made stay; the fetch into its campaign ends. Who was bought is not paid for again."

    def act(self) -> str:
        done = cancel_import(lead_import=self.object, actor=self.actor)
        return f"Canceled after {done.rows_done:,} of {counted(rows_known(done), 'row')}."


class DiscardDraft(ActDialog):
    needs = Role.OPERATOR
    label = "Discard"
    icon = "delete"
    is_final = True
    title = "Discard this draft?"
    description = "The file and what was set for it are thrown away. Nothing was imported."
    submit_text = "Discard draft"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == ImportStatus.DRAFT and super().offered(request, obj)

    def act(self) -> str:
        discard_draft(lead_import=self.object, actor=self.actor)
        return f"{self.object.file_name} was discarded."

    def next_url(self) -> str:
        return reverse("admin:leads_leadimport_changelist")


class UndoImport(ActDialog):
    needs = Role.OPERATOR
    label = "Undo import"
    icon = "undo"
    is_final = True
    title = "Undo this import?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return _may_be_undone(obj, timezone.now()) and super().offered(request, obj)

    @cached_property
    def preview(self) -> UndoPreview | None:
        """What would go; None where it is too late, which the act then says."""
        return preview_undo(lead_import=self.object, now=self.now) if _may_be_undone(self.object, self.now) else None

    @property
    def description(self) -> str:
        found = self.preview
        if found is None:
            return "It cannot be undone any more."
        out = f" {STAY_OUT}" if found.do_not_contact else ""
        more = "" if found.is_all else f" That is of the first {found.looked_at:,}; the rest is looked at on the way."
        kept = ", ".join(f"{count:,} {KEPT_WORDS.get(why, why)}" for why, count in sorted(found.kept.items()))
        stay = f" These stay: {kept}." if kept else ""
        fewest = "" if found.is_all else "At least "
        return (
            f"{fewest}{counted(found.removable, 'lead')} that this import made would be removed.{stay}{more} What it "
            "changed in leads that were there before stays as it is; each lead's history says what stood there."
            f"{out}"
        )

    @property
    def is_blocked(self) -> bool:
        return self.preview is not None and self.preview.is_all and not self.preview.removable

    @property
    def submit_text(self) -> str:
        if self.is_blocked:
            return "Nothing to remove"
        exactly = self.preview is not None and self.preview.is_all
        return f"Remove {counted(self.preview.removable, 'lead')}" if self.preview and exactly else "Undo import"

    def act(self) -> str:
        undo_import(lead_import=self.object, actor=self.actor, now=self.now)
        return f"{self.object.file_name} is being undone."


def _may_be_undone(lead_import: LeadImport, now: datetime) -> bool:
    is_ended = lead_import.status in ImportStatus.ended and lead_import.finished_at is not None
    is_fresh = is_ended and now - lead_import.finished_at <= WITHIN  # type: ignore[operator]
    return bool(is_fresh and lead_import.undone_at is None and lead_import.created_count)


def ready_count(lead_import: LeadImport) -> str:
    """How many people an import would bring or update, as on its button: 1,186 leads."""
    found = lead_import.dry_run
    if lead_import.dry_run_status != ProgressStatus.SUCCEEDED:
        return counted(lead_import.total_rows or 0, "row")
    count = found["created"] + found["updated"]
    return counted(count, "lead") if count else f"{found['unchanged']:,} unchanged"


def brings_somebody(lead_import: LeadImport) -> bool:
    """Whether any row would be a lead, as far as it is known; also one that stays as it is may get tags."""
    found = lead_import.dry_run
    is_counted = lead_import.dry_run_status == ProgressStatus.SUCCEEDED
    return not is_counted or found["problems"] < found["rows"]
