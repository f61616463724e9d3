"""The admin pages of mailboxes. A password goes in and never comes out."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.oauth import Connect, Disconnect, ShowsLogin
from campaigns.mailboxes import check_folders, check_login_stays, pause_mailbox, remove_mailbox, resume_mailbox
from campaigns.models import Mailbox, MailboxStatus
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.list_fields import LinesField
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment
from campaigns_project.errors import Refused
from tracking.inbox.due import LATE
from tracking.inbox.trying import check_mailbox
from tracking.models import InboundMail, InboundStatus


class MailboxForm(ScopedForm):
    """Checked as the API checks it."""

    password = SecretField(
        strip=False,
        given_for="host",
        missing="Gmail and others want one made for programs (an app password).",
    )

    class Meta:
        field_classes = {"folders": LinesField}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "folders" in self.fields:
            self.fields["folders"].help_text = "One a line. Replies and bounces may land in spam as well."

    def clean_folders(self) -> list[str]:
        try:
            return check_folders(self.cleaned_data["folders"])
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        try:
            if self.instance.pk and "host" in cleaned:
                check_login_stays(self.instance, host=cleaned["host"], keeps_password=self.keeps("password"))
        except Refused as refused:
            self.add_error(refused.details["field"], str(refused))
        return cleaned


class TestLogin(ActDialog):
    label = "Test login"
    icon = "stethoscope"
    title = "Test this mailbox now?"
    description = "Logs in, lists the folders and counts the mails. None is read and nothing is changed."
    submit_text = "Test login"

    def act(self) -> str:
        tried = check_mailbox(mailbox=self.object, actor=self.actor)
        if tried.fault is not None:
            self.level = messages.WARNING
        return tried.sentence


class PauseMailbox(ActDialog):
    label = "Pause"
    icon = "pause"
    title = "Pause reading this mailbox?"
    description = "Nobody notices replies and bounces then: whoever replied gets the next mail all the same."
    submit_text = "Pause reading"
    undone_by = "resume"

    reason = forms.CharField(label="Why", required=False, max_length=300, widget=UnfoldAdminTextInputWidget)

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == MailboxStatus.ACTIVE and super().offered(request, obj)

    def act(self) -> str:
        pause_mailbox(mailbox=self.object, actor=self.actor, reason=self.cleaned_data["reason"])
        return f"{self.object} is not read until it is resumed."


class ResumeMailbox(ActDialog):
    label = "Resume"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY
    title = "Read this mailbox again?"
    description = "It is read at once, from where it was left: nothing that came meanwhile is lost."
    submit_text = "Resume reading"
    undone_by = "pause"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == MailboxStatus.PAUSED and super().offered(request, obj)

    def act(self) -> str:
        resume_mailbox(mailbox=self.object, actor=self.actor)
        return f"{self.object} is read again within some seconds."


class RemoveMailbox(RemovalDialog):
    label = "Delete mailbox"
    noun = "mailbox"
    title = "Delete this mailbox?"
    description = "It is not read any more; what came in by it stays. Refused while a sender's replies arrive there."
    submit_text = "Delete mailbox"

    def remove(self) -> None:
        remove_mailbox(mailbox=self.object, actor=self.actor)


@admin.register(Mailbox)
class MailboxAdmin(ShowsLogin, ScopedAdmin):
    form = MailboxForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["name", "state", "health", "account", "taken_count", "organization"]
    list_filter = [("status", ChoicesDropdownFilter), ("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name", "username", "host"]
    readonly_fields = [
        "state",
        "health",
        "reason",
        "looked_at",
        "quarantined",
        "of_senders",
        "login",
        "created_at",
        "updated_at",
    ]
    fieldsets: ClassVar[list[tuple[str | None, dict[str, Any]]]] = [
        (None, {"fields": ["organization", "name"]}),
        (
            "State",
            {
                "fields": [
                    "state", "health", "reason", "looked_at", "quarantined", "of_senders", ("created_at", "updated_at"),
                ]
            },
        ),
        ("IMAP", {"fields": [("host", "port"), "security", "login", ("username", "password"), "folders"]}),
    ]  # fmt: skip
    later_sections = ("State",)
    empty_text = (
        "A mailbox is read for replies and bounces, so that who replied gets nothing more. Nothing in it is changed."
    )
    save_label = "Save mailbox"
    actions_detail = ["test_login", "pause", "resume", "connect", "disconnect", "remove"]

    test_login = dialog_action(TestLogin)
    pause = dialog_action(PauseMailbox)
    resume = dialog_action(ResumeMailbox)
    connect = dialog_action(Connect)
    disconnect = dialog_action(Disconnect)
    remove = dialog_action(RemoveMailbox)

    @display(description="Status", ordering="status")
    def state(self, mailbox: Mailbox) -> str:
        return chip(mailbox.status, mailbox.get_status_display())

    @display(description="Account")
    def account(self, mailbox: Mailbox) -> str:
        return f"{mailbox.username} at {mailbox.host}"

    @display(description="Last read", ordering="last_read_at")
    def health(self, mailbox: Mailbox) -> str:
        if mailbox.last_read_at is None:
            return chip("fail" if mailbox.last_error else "unknown", "Not read yet")
        if mailbox.last_error:
            return format_html("{} since {}", chip("fail", "Not read"), moment(mailbox.last_read_at))
        is_late = mailbox.status == MailboxStatus.ACTIVE and timezone.now() - mailbox.last_read_at > LATE
        return format_html("{} {}", chip("warn" if is_late else "ok", "Read"), moment(mailbox.last_read_at))

    @display(description="Why")
    def reason(self, mailbox: Mailbox) -> str:
        return mailbox.status_reason or mailbox.last_error or "—"

    @display(description="Mails looked at")
    def looked_at(self, mailbox: Mailbox) -> str:
        return f"{mailbox.seen_count:,}, of which {mailbox.taken_count:,} were about mails of ours"

    @display(description="In quarantine")
    def quarantined(self, mailbox: Mailbox) -> str:
        count = InboundMail.objects.filter(mailbox=mailbox, status=InboundStatus.QUARANTINED).count()
        return f"{count:,} that name a mail of ours which is gone" if count else "Nothing"

    @display(description="Senders whose replies arrive here")
    def of_senders(self, mailbox: Mailbox) -> str:
        return format_html_join(", ", "{}", ((sender.email,) for sender in mailbox.senders.all())) or "None yet"
