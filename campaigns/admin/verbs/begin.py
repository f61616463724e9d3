"""What is done before the first mail: check, start, schedule, unschedule."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldBooleanWidget

from campaigns import preflight
from campaigns.admin.verbs.verb import DASH, Checked, VerbDialog, people
from campaigns.fetching.opened import is_being_filled, wants_fetch
from campaigns.models import Campaign, CampaignStatus
from campaigns.preflight.problems import BLOCK, WARN
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.timezones import zone_of

HOLD = timedelta(seconds=60)  # to think again after the button was pressed
TOLD = 3  # findings of a check that are named at once


class Check(ActDialog):
    needs = Role.OPERATOR
    label = "Check"
    icon = "fact_check"
    title = "Check every mail?"
    description = (
        "Each mail is made as it would be sent, and thrown away. What cannot be made, and what else is worth knowing, "
        "stands in the dialogs to start and to schedule. Nothing is sent."
    )
    submit_text = "Check every mail"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.started_at is None and obj.status in CampaignStatus.editable and super().offered(request, obj)

    def act(self) -> str:
        report = preflight.look(self.object, now=self.now)
        if not report.is_full:
            job = preflight.queue_check(self.object, actor=self.actor, now=self.now)
            return f"Job {job.pk} makes {report.mails:,} mails. Its progress stands under Jobs."
        made = "1 mail was made" if report.rendered == 1 else f"{report.rendered:,} mails were made"
        levels = {problem.level for problem in report.problems}
        if levels & {BLOCK, WARN}:
            self.level = messages.ERROR if BLOCK in levels else messages.WARNING
        verdict = "It cannot start as it is." if BLOCK in levels else "It can start."
        told = [capfirst(problem.message) for problem in report.problems[:TOLD]]
        more = len(report.problems) - len(told)
        others = [f"{more} more: the dialog to start names all."] if more else []
        return " ".join([f"{made}.", verdict, *told, *others])


class Start(Checked):
    verb = "start"
    label = "Start"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY

    has_read = forms.BooleanField(required=True, widget=UnfoldBooleanWidget)
    snapshot = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        count = len(self.report.warnings)
        self.fields["has_read"].label = f"I have read the {count} warnings" if count > 1 else "I have read the warning"
        self.fields["snapshot"].initial = self.report.snapshot
        if not count:
            del self.fields["has_read"]

    @property
    def title(self) -> str:
        return f"Start “{self.object}”?"

    @property
    def description(self) -> str:
        if wants_fetch(self.object):
            return (
                "Its leads are fetched first, then every mail is checked; what blocks then fails the campaign with the "
                f"reason. From that on nothing leaves for another {HOLD.seconds} seconds."
            )
        return (
            f"{people(self.object)} get the first mail as soon as its wait and the sending window allow. Nothing "
            f"leaves within the first {HOLD.seconds} seconds: pause in that time, and nobody got anything."
        )

    @property
    def unchecked(self) -> int:
        return 0 if self.report.is_full else self.report.mails

    def when_ready(self) -> str:
        if wants_fetch(self.object):
            return f"Start {DASH} fetch up to {self.object.lead_source['count']:,} leads first"
        return f"Start {DASH} email {people(self.object)}"

    def asked(self) -> dict[str, Any]:
        accepted = {problem.code for problem in self.report.warnings}
        snapshot = self.cleaned_data["snapshot"] or None
        return {"report": self.report, "snapshot": snapshot, "accept_warnings": accepted, "hold": HOLD}

    def said(self, campaign: Campaign) -> str:
        if is_being_filled(campaign):
            return f"“{campaign}” is running: its leads are being fetched; mail leaves when they are in and checked."
        return (
            f"“{campaign}” is running: the first mail leaves in {HOLD.seconds} seconds. Until then a pause stops all."
        )


class Schedule(Checked):
    verb = "schedule"
    label = "Schedule"
    icon = "schedule"
    description = "It starts by itself at that time, after the same checks as now."
    undone_by = "unschedule"

    at = forms.DateTimeField(
        label="Start on",
        widget=forms.DateTimeInput({"type": "datetime-local", "class": "fl-input"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        zone = zone_of(self.object.timezone)
        tomorrow = self.now.astimezone(zone) + timedelta(days=1)
        self.fields["at"].initial = tomorrow.replace(hour=9, minute=0).strftime("%Y-%m-%dT%H:%M")
        self.fields["at"].help_text = f"In the campaign's time zone, {self.object.timezone}."

    @property
    def title(self) -> str:
        return f"When should “{self.object}” start?"

    def when_ready(self) -> str:
        if wants_fetch(self.object):
            return f"Schedule {DASH} fetch up to {self.object.lead_source['count']:,} leads then"
        return f"Schedule {DASH} email {people(self.object)}"

    def asked(self) -> dict[str, datetime]:
        typed = self.cleaned_data["at"].replace(tzinfo=None)
        return {"at": typed.replace(tzinfo=zone_of(self.object.timezone))}

    def said(self, campaign: Campaign) -> str:
        at = self.asked()["at"]
        return f"“{campaign}” starts by itself on {at:%A, %d %b %Y at %H:%M} ({campaign.timezone})."


class Unschedule(VerbDialog):
    verb = "unschedule"
    label = "Unschedule"
    icon = "event_busy"
    title = "Take the start back?"
    description = "The campaign becomes a draft again and does not start by itself."
    submit_text = "Unschedule campaign"
    undone_by = "schedule"

    def undo_says(self) -> dict[str, str]:
        """The hour it had, by the campaign's clock."""
        at = self.object.scheduled_at
        return {"at": at.astimezone(zone_of(self.object.timezone)).strftime("%Y-%m-%dT%H:%M:%S")} if at else {}

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is a draft again."
