"""What is done to a campaign that was started: pause, resume, stop."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.utils.timesince import timesince
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminRadioSelectWidget

from campaigns import lifecycle, preflight
from campaigns.admin.verbs.verb import DASH, Checked, Ending, WithReason, people
from campaigns.fetching.opened import is_being_filled, wants_fetch, was_never_checked
from campaigns.models import Campaign, RecipientStatus

MOST_COUNTED = 10_000
OVERDUE = [
    (lifecycle.Overdue.SEND, "Leaves first, at the usual pace"),
    (lifecycle.Overdue.SHIFT, "Waits on: all steps move by the pause"),
]


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
        left_out = people(self.object)
        return f"{left_out} will never get the remaining steps. This cannot be taken back; to interrupt it, pause."

    @property
    def submit_text(self) -> str:
        return f"Stop for good {DASH} {people(self.object)}"

    def said(self, campaign: Campaign) -> str:
        return f"“{campaign}” was stopped for good."
