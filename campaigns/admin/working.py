"""Notes and statuses: written on the lead's page, looked up in lists of their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns.admin.filters import OfCampaign
from campaigns.models import Campaign, LeadNote, LeadUserStatus, Recipient, UserStatus
from campaigns.working_with_leads import add_note, change_note, remove_note, set_status
from campaigns.working_with_leads.notes import LONGEST_NOTE
from campaigns_project.accounts.admin.base import NOBODY, ReadOnlyAdmin, ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.audit.actors import Actor

EXCERPT = 140  # characters of a note in the list


class AboutLead(ActDialog):
    """Something said of a lead, in one of the campaigns it is or was in.

    The page has a small form of its own for it, which sends to the dialog's address: no button is offered beside it.
    """

    needs = Role.OPERATOR

    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="That of the latest enrollment",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        theirs = Recipient.objects.living().filter(lead=self.object).values("campaign")
        self.fields["campaign"].queryset = Campaign.objects.living().filter(pk__in=theirs)

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return False


class WriteNote(AboutLead):
    label = "Note"
    icon = "edit_note"
    title = "Write a note"
    submit_text = "Keep note"

    text = forms.CharField(label="Note", max_length=LONGEST_NOTE, widget=UnfoldAdminTextareaWidget({"rows": 4}))
    field_order = ["text", "campaign"]

    def act(self) -> str:
        author: Any = self.request.user
        asked = self.cleaned_data
        add_note(lead=self.object, text=asked["text"], campaign=asked["campaign"], author=author, actor=self.actor)
        return "The note is kept."


class SetStatus(AboutLead):
    label = "My status"
    icon = "flag"
    title = "Where do you stand with this lead?"
    submit_text = "Set my status"

    status = forms.ChoiceField(choices=UserStatus, widget=UnfoldAdminSelectWidget)
    field_order = ["status", "campaign"]

    def act(self) -> str:
        user: Any = self.request.user
        asked = self.cleaned_data
        row = set_status(
            lead=self.object, user=user, status=asked["status"], campaign=asked["campaign"], actor=self.actor
        )
        return f"Your status: {row.get_status_display().lower()}."


class NoteForm(ScopedForm):
    """Other words for a note."""

    text = forms.CharField(max_length=LONGEST_NOTE, widget=UnfoldAdminTextareaWidget({"rows": 6}))


class RemoveNote(ActDialog):
    needs = Role.OPERATOR
    label = "Delete note"
    icon = "delete"
    is_final = True
    title = "Delete this note?"
    submit_text = "Delete note"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return is_own_or_managed(request, obj) and super().offered(request, obj)

    def act(self) -> str:
        if not is_own_or_managed(self.request, self.object):
            raise PermissionDenied
        remove_note(note=self.object, actor=self.actor)
        self.object = None
        return "The note was deleted."


@admin.register(LeadNote)
class LeadNoteAdmin(ScopedAdmin):
    """Made on the lead's page; changed by whoever wrote it, or a manager."""

    form = NoteForm
    roles = {"add": NOBODY}
    list_display = ["said", "lead", "campaign", "created_by", "created_at"]
    list_filter = [("created_at", MomentsFilter), OfCampaign]
    list_select_related = ["lead", "campaign", "created_by"]
    search_fields = ["lead__email_normalized"]
    search_help_text = "Part of the lead's address"
    fields = ["lead", "campaign", "text", ("created_by", "created_at", "updated_at")]
    readonly_fields = ["lead", "campaign", "created_by", "created_at", "updated_at"]
    empty_text = "What you write down about a lead, on the lead's page, stands here."
    actions_detail = ["remove"]

    remove = dialog_action(RemoveNote)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("lead__organization", "campaign", "created_by")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or is_own_or_managed(request, obj))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.require(request, "change", obj)
        if form.changed_data:
            note = LeadNote.objects.select_related("lead").get(pk=obj.pk)
            change_note(note=note, text=obj.text, actor=Actor.of_request(request, via="admin"))

    @display(description="Note")
    def said(self, note: LeadNote) -> str:
        return Truncator(" ".join(note.text.split())).chars(EXCERPT)


@admin.register(LeadUserStatus)
class LeadUserStatusAdmin(ReadOnlyAdmin):
    """Set on the lead's page."""

    list_display = ["lead", "state", "user", "campaign", "updated_at"]
    list_filter = [("status", ChoicesDropdownFilter), ("updated_at", MomentsFilter), OfCampaign]
    list_select_related = ["lead", "user", "campaign"]
    search_fields = ["lead__email_normalized", "user__email"]
    search_help_text = "Part of the address of the lead or the person"
    fields = ["lead", "campaign", "user", "state", "created_at", "updated_at"]
    readonly_fields = ["state"]
    empty_text = "Where each of you stands with a lead, set on the lead's page, stands here."

    @display(description="Status", ordering="status")
    def state(self, row: LeadUserStatus) -> str:
        return chip(row.status, row.get_status_display())


def is_own_or_managed(request: HttpRequest, note: LeadNote) -> bool:
    """True for whoever wrote `note`, and for a manager."""
    return note.created_by_id == request.user.pk or may_here(request, Role.MANAGER, note)
