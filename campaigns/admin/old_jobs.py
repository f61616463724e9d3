"""Old jobs, removed from the list of jobs."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from campaigns.models import Campaign, Job
from campaigns.old_jobs import MOST_DAYS, remove_old_jobs
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.filters import CHOICES_SHOWN
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.roles import Role
from campaigns_project.states import ProgressStatus

USUAL_DAYS = 90


class RemoveOldJobs(ActDialog):
    """Of all campaigns in which the user is a manager, or of one."""

    needs = Role.MANAGER
    label = "Remove old jobs"
    icon = "auto_delete"
    title = "Remove old jobs?"
    description = "Only jobs that succeeded, failed or were canceled. What is queued or under way stays."
    submit_text = "Remove old jobs"
    is_final = True

    campaign = forms.ModelChoiceField(
        Campaign.objects.none(), required=False, empty_label="All campaigns", widget=UnfoldAdminSelectWidget
    )
    days = forms.IntegerField(
        label="Ended more than this many days ago",
        initial=USUAL_DAYS,
        min_value=0,
        max_value=MOST_DAYS,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        mine = held_roles(self.request).scope(Campaign.objects.living(), Role.MANAGER)
        chosen: Any = self.fields["campaign"]
        chosen.queryset, chosen.initial = mine, _open_in(self.request)
        newest = [(each.pk, str(each)) for each in mine.order_by("-pk")[:CHOICES_SHOWN]]
        shown = mine.filter(pk=chosen.initial).exclude(pk__in=[pk for pk, _ in newest]) if chosen.initial else []
        chosen.widget.choices = [("", chosen.empty_label), *((each.pk, str(each)) for each in shown), *newest]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and _mine(request).filter(status__in=ProgressStatus.ended).exists()

    def act(self) -> str:
        jobs, campaign, days = _mine(self.request), self.cleaned_data["campaign"], self.cleaned_data["days"]
        if campaign:
            jobs = jobs.filter(campaign=campaign)
        removed = remove_old_jobs(jobs=jobs, days=days, actor=self.actor, now=self.now, campaign=campaign)
        if not removed:
            return f"No job ended more than {days:,} days ago."
        return f"{removed:,} jobs were removed." if removed > 1 else "1 job was removed."


def _mine(request: HttpRequest) -> Any:
    return held_roles(request).scope(Job.objects.living(), Role.MANAGER)


def _open_in(request: HttpRequest) -> int | None:
    """The campaign whose jobs are shown on the page from which the dialog was opened."""
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    key = parse_qs(page.query).get("campaign", [""])[0]
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None
