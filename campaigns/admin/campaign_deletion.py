"""Deleting a campaign: the page for one that was used, a dialog for a draft that never was."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from unfold.enums import ActionVariant

from campaigns import lifecycle
from campaigns.admin.deletion_page import DeletionPage
from campaigns.admin.deletion_words import counted
from campaigns.deletion import Impact, preview, request_deletion
from campaigns.deletion.errors import BlockerCode
from campaigns.models import Campaign, CampaignStatus, Job, JobKind
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role

LONGEST_ID = 18  # digits that always fit a bigint
NEVER_SENT = "A draft that was never sent."
# What an operator would not think of: the way out that every mail promises ends with the lead, not with the campaign.
OPT_OUT = (
    "Opt-out links in the mails it sent go on working while their leads are here. The law wants them to for a time "
    "after the last mail (30 days in the US): do not delete the leads before."
)
# Verbs that end what is in the way, and one that may be what was meant.
UNBLOCKING = {"pause": "Pause", "stop": "Stop for good"}
INSTEAD = {"archive": "Archive instead"}


def deletion_of(request: HttpRequest, number: str) -> Job | None:
    """The last deletion of the campaign with that number, if the user may see it; None where there was none."""
    if not (number.isdecimal() and len(number) <= LONGEST_ID):
        return None
    deletions = Job.objects.filter(kind=JobKind.DELETE, subject_ref=int(number)).order_by("-pk")
    return held_roles(request).scope(deletions).first()


class CampaignDeletionPage(DeletionPage):
    act = "Delete"
    noun = "campaign"
    remains = "And a record of this: who, when, why and these counts. Its number and ID are never given out again."

    def impact(self) -> Impact:
        return preview(campaign=self.subject, now=timezone.now())

    def ask(self, confirmed: Mapping[str, Any]) -> Job:
        return request_deletion(campaign=self.subject, **confirmed)

    def next_url(self, answer: Job) -> str:
        return reverse("admin:campaigns_job_change", args=[answer.pk])

    def back_url(self) -> str:
        return reverse("admin:campaigns_campaign_change", args=[self.subject.pk])

    def further(self, impact: Impact) -> dict[str, Any]:
        in_the_way = {blocker.code for blocker in impact.blockers}
        return {
            "slug": self.subject.campaign_id,
            "warning": OPT_OUT if self.subject.emails_sent else "",
            "export_url": reverse("admin:campaigns_campaign_export", args=[self.subject.pk]),
            "unblocking": self._dialogs(UNBLOCKING) if BlockerCode.RUNNING in in_the_way else [],
            "instead": self._dialogs(INSTEAD),
            "has_jobs": BlockerCode.JOB_ACTIVE in in_the_way,
            "jobs_url": f"{reverse('admin:campaigns_job_changelist')}?campaign={self.subject.pk}",
        }

    def _dialogs(self, verbs: Mapping[str, str]) -> list[dict[str, str]]:
        """Those of `verbs` that the campaign's state allows now, as buttons that open their dialogs."""
        allowed = lifecycle.allowed_verbs(self.subject)
        return [
            {"title": title, "path": reverse(f"admin:campaigns_campaign_{verb}", args=[self.subject.pk])}
            for verb, title in verbs.items()
            if verb in allowed
        ]


class DeleteDraft(ActDialog):
    """Nothing was sent, so there is nothing to keep: no name to type."""

    label = "Delete"
    icon = "delete"
    variant = ActionVariant.DANGER
    is_final = True
    submit_text = "Delete draft"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return is_unused(obj) and super().offered(request, obj)

    @property
    def title(self) -> str:
        return f"Delete “{self.object}”?"

    @property
    def description(self) -> str:
        removed = preview(campaign=self.object, now=self.now).removed
        rows = counted({label: removed.get(label, 0) for label in ("steps", "recipients")})
        told = " and ".join(f"{row.count:,} {row.words}" for row in rows)
        return (
            f"It was never sent. {f'With it {told} go; leads stay. ' if told else ''}"
            "It cannot be brought back, and its ID is never given out again."
        )

    def act(self) -> str:
        campaign, now = self.object, self.now
        token = preview(campaign=campaign, now=now).token
        request_deletion(
            campaign=campaign, confirm_name=campaign.name, token=token, reason=NEVER_SENT, actor=self.actor, now=now
        )
        return f"“{campaign}” is deleted."

    def next_url(self) -> str:
        name = "change" if self.request.method == "GET" else "changelist"
        return reverse(f"admin:campaigns_campaign_{name}", args=[self.object.pk] if name == "change" else [])


def is_unused(campaign: Campaign) -> bool:
    """A draft of which no mail was ever sent."""
    return campaign.status == CampaignStatus.DRAFT and campaign.started_at is None and not campaign.emails_sent


def deletion_url(request: HttpRequest, campaign: Campaign) -> str:
    """Where `campaign` is deleted, for whoever may; empty for others, and for drafts that have their dialog."""
    if is_unused(campaign) or not may_here(request, Role.MANAGER, campaign):
        return ""
    return reverse("admin:campaigns_campaign_delete", args=[campaign.pk])
