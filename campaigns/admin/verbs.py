"""The verbs of a campaign as dialogs. The rules are in `campaigns.lifecycle`; here is what the operator reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.timesince import timesince
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from campaigns import lifecycle, preflight
from campaigns.fetching.opened import is_being_filled, wants_fetch, was_never_checked
from campaigns.models import Campaign, CampaignStatus, RecipientStatus
from campaigns.preflight.problems import BLOCK, WARN
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role

DASH = "\N{EN DASH}"
HOLD = timedelta(seconds=60)  # to think again after the button was pressed
MOST_COUNTED = 10_000
OVERDUE = [
    (lifecycle.Overdue.SEND, "Leaves first, at the usual pace"),
    (lifecycle.Overdue.SHIFT, "Waits on: all steps move by the pause"),
]
TOLD = 3  # findings of a check that are named at once


class VerbDialog(ActDialog):
    """One verb; offered where the campaign's state allows it."""

    verb: ClassVar[str]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return cls.verb in lifecycle.allowed_verbs(obj) and super().offered(request, obj)

    def act(self) -> str:
        use_case = getattr(lifecycle, self.verb)
        done = use_case(campaign=self.object, actor=self.actor, now=self.now, **self.asked())
        return self.said(done)

    def asked(self) -> dict[str, Any]:
        """What the dialog asked for, as the use case takes it."""
        return {"reason": self.cleaned_data["reason"]} if "reason" in self.fields else {}

    def said(self, campaign: Campaign) -> str:
        """The sentence afterwards."""
        raise NotImplementedError


class WithReason(forms.Form):
    """Why, in a line for the audit log."""

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )


class Checked(VerbDialog):
    """A verb that pre-flight has a say in: what it found is listed, and the button says what blocks."""

    form_before_template = "campaigns/admin/preflight.html"

    @cached_property
    def report(self) -> preflight.Report:
        """What pre-flight says now."""
        return preflight.look(self.object, now=self.now)

    @property
    def problems(self) -> Sequence[preflight.Problem]:
        """What there is to read before the verb is taken."""
        return self.report.problems

    @property
    def unchecked(self) -> int:
        """How many mails have to be made by a job before the verb can be taken."""
        return 0

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        groups = [(level, [one for one in self.problems if one.level == level]) for level in preflight.LEVELS]
        return {"groups": dict(groups), "unchecked": self.unchecked}

    @property
    def blocking(self) -> int:
        return sum(problem.blocks for problem in self.problems)

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocking or self.unchecked)

    @property
    def submit_text(self) -> str:
        if self.blocking:
            return f"Fix {self.blocking} problem{'s' if self.blocking > 1 else ''} first"
        return "Check every mail first" if self.unchecked else self.when_ready()

    def when_ready(self) -> str:
        """The button when nothing blocks."""
        raise NotImplementedError


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
            f"{_people(self.object)} get the first mail as soon as its wait and the sending window allow. Nothing "
            f"leaves within the first {HOLD.seconds} seconds: pause in that time, and nobody got anything."
        )

    @property
    def unchecked(self) -> int:
        return 0 if self.report.is_full else self.report.mails

    def when_ready(self) -> str:
        if wants_fetch(self.object):
            return f"Start {DASH} fetch up to {self.object.lead_source['count']:,} leads first"
        return f"Start {DASH} email {_people(self.object)}"

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
        zone = ZoneInfo(self.object.timezone)
        tomorrow = self.now.astimezone(zone) + timedelta(days=1)
        self.fields["at"].initial = tomorrow.replace(hour=9, minute=0).strftime("%Y-%m-%dT%H:%M")
        self.fields["at"].help_text = f"In the campaign's time zone, {self.object.timezone}."

    @property
    def title(self) -> str:
        return f"When should “{self.object}” start?"

    def when_ready(self) -> str:
        if wants_fetch(self.object):
            return f"Schedule {DASH} fetch up to {self.object.lead_source['count']:,} leads then"
        return f"Schedule {DASH} email {_people(self.object)}"

    def asked(self) -> dict[str, datetime]:
        typed = self.cleaned_data["at"].replace(tzinfo=None)
        return {"at": typed.replace(tzinfo=ZoneInfo(self.object.timezone))}

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
        return {"at": at.astimezone(ZoneInfo(self.object.timezone)).strftime("%Y-%m-%dT%H:%M:%S")} if at else {}

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is a draft again."


class Ending(VerbDialog):
    """Opened on the page where the campaign is deleted, since it is in the way there, it leads back to that page."""

    def next_url(self) -> str:
        deletion = reverse("admin:campaigns_campaign_delete", args=[self.object.pk])
        opened_on = urlsplit(self.request.headers.get("HX-Current-URL", "")).path
        return deletion if opened_on == deletion else super().next_url()


class Pause(WithReason, Ending):
    verb = "pause"
    label = "Pause"
    icon = "pause"
    variant = ActionVariant.WARNING
    title = "Pause this campaign?"
    description = "No mail leaves after this, but for those that are at the mail server right now. It can be resumed."
    submit_text = "Pause campaign"
    undone_by = "resume"

    def undo_says(self) -> dict[str, str]:
        """What came due meanwhile leaves as if there had been no pause."""
        return {"overdue": lifecycle.Overdue.SEND.value}

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is paused. {lifecycle.still_going(lifecycle.may_still_go(campaign))}".strip()


class Resume(WithReason, Checked):
    verb = "resume"
    label = "Resume"
    icon = "play_arrow"
    variant = ActionVariant.PRIMARY
    title = "Resume this campaign?"

    overdue = forms.ChoiceField(
        label="What is due",
        choices=OVERDUE,
        initial=lifecycle.Overdue.SEND,
        required=False,
        widget=UnfoldAdminRadioSelectWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.overdue_count:
            del self.fields["overdue"]

    @cached_property
    def overdue_count(self) -> int:
        """How many mails came due during the pause, counted no further than a page needs."""
        if self.object.paused_at is None:
            return 0  # somebody else has resumed it since the page was shown
        due = self.object.recipients.filter(status__in=RecipientStatus.DUE, next_send_at__lte=self.now)
        return due[:MOST_COUNTED].count()

    @property
    def description(self) -> str:
        if wants_fetch(self.object):
            return "Its leads are fetched first. Whoever was bought before costs nothing again."
        if not self.overdue_count:
            return "No mail is due yet."
        more = " or more" if self.overdue_count == MOST_COUNTED else ""
        mails = "mail is" if self.overdue_count == 1 else "mails are"
        is_short = self.now - self.object.paused_at < timedelta(minutes=1)
        pause = "less than a minute" if is_short else timesince(self.object.paused_at, self.now)
        return f"{self.overdue_count:,}{more} {mails} due. The pause lasted {pause}."

    @property
    def problems(self) -> Sequence[preflight.Problem]:
        never_began = self.object.started_at is None or was_never_checked(self.object)
        return self.report.problems if never_began else preflight.check(self.object)

    @property
    def unchecked(self) -> int:
        is_new = self.object.started_at is None or was_never_checked(self.object)
        return self.report.mails if is_new and not self.report.is_full else 0

    def asked(self) -> dict[str, Any]:
        return {**super().asked(), "overdue": self.cleaned_data.get("overdue") or lifecycle.Overdue.SEND}

    def when_ready(self) -> str:
        return "Resume campaign"

    def said(self, campaign: Campaign) -> str:
        if is_being_filled(campaign):
            return f"“{campaign}” is running: its leads are being fetched."
        return f"“{campaign}” goes on."


class Stop(WithReason, Ending):
    verb = "stop"
    label = "Stop"
    icon = "stop"
    variant = ActionVariant.DANGER
    is_final = True
    title = "Stop this campaign for good?"

    @property
    def description(self) -> str:
        people = _people(self.object)
        return f"{people} will never get the remaining steps. This cannot be taken back; to interrupt it, pause."

    @property
    def submit_text(self) -> str:
        return f"Stop for good {DASH} {_people(self.object)}"

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” was stopped for good."


class Archive(VerbDialog):
    verb = "archive"
    label = "Archive"
    icon = "inventory_2"
    title = "Put this campaign into the archive?"
    description = "It leaves the usual lists; everything about it stays."
    submit_text = "Archive campaign"

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” is in the archive."


class Duplicate(ActDialog):
    needs = Role.OPERATOR
    label = "Duplicate"
    icon = "content_copy"
    title = "Duplicate this campaign"
    description = "A new draft with the same steps, variants, senders and settings. Never its recipients."
    submit_text = "Make the copy"

    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["name"].initial = f"Copy of {self.object}"[:200]

    def act(self) -> str:
        self.object = lifecycle.duplicate(
            campaign=self.object, name=self.cleaned_data["name"], actor=self.actor, now=self.now
        )
        return f"“{self.object}” is a draft with the same content. Enroll leads to go on."

    def next_url(self) -> str:
        return reverse("admin:campaigns_campaign_change", args=[self.object.pk])


def _people(campaign: Campaign) -> str:
    count = campaign.active_leads_count
    return f"{count:,} {'person' if count == 1 else 'people'}"
