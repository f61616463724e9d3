"""The admin pages of jobs, deleted campaigns and the choice of senders: read only."""

from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.filters import OfCampaign
from campaigns.admin.old_jobs import RemoveOldJobs
from campaigns.admin.tabs import InCampaignTabs
from campaigns.enrollment.enroll import SkipReason
from campaigns.models import CampaignSender, CampaignTombstone, Job
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.templatetags.fairlead import chip


@admin.register(Job)
class JobAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Jobs"
    list_display = ["__str__", "campaign", "state", "progress", "outcome", "created_by", "started_at", "finished_at"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        OfCampaign,
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["campaign", "organization"]
    search_fields = ["=id", "created_by"]
    fields = [
        "campaign", "kind", "state", "progress", "outcome", "result", "error_message", "created_by", "created_at",
        "started_at", "heartbeat_at", "finished_at",
    ]  # fmt: skip
    readonly_fields = ["state", "progress", "outcome"]
    actions_list = ["remove_old_jobs"]
    empty_text = "A job is one piece of background work on a campaign, such as an enrollment or a run of sending."

    remove_old_jobs = dialog_action(RemoveOldJobs)

    @display(description="Status", ordering="status")
    def state(self, job: Job) -> str:
        return chip(job.status, job.get_status_display())

    @display(description="Done")
    def progress(self, job: Job) -> str:
        return f"{job.done:,}" if job.total is None else f"{job.done:,} of {job.total:,}"

    @display(description="Outcome")
    def outcome(self, job: Job) -> str:
        if job.error_message:
            return job.error_message
        return "; ".join(_told(job.result)) or "—"


@admin.register(CampaignTombstone)
class CampaignTombstoneAdmin(ReadOnlyAdmin):
    list_display = ["name", "campaign_slug", "id", "deleted_by", "deleted_at", "reason"]
    search_fields = ["name", "campaign_slug"]
    fields = ["id", "campaign_slug", "name", "deleted_by", "deleted_at", "reason", "counts"]
    empty_text = (
        "No campaign has been deleted. What is left of one stands here for ever, and its ID is never given out again."
    )


@admin.register(CampaignSender)
class CampaignSenderAdmin(ReadOnlyAdmin):
    """To look things up in; senders are chosen on the campaign's page."""

    list_display = ["campaign", "sender"]
    list_filter = [OfCampaign]
    list_select_related = ["campaign", "sender"]


def _told(result: dict[str, Any]) -> list[str]:
    """The counts of a result in words, leaving out what is nothing. A run of sending has one count of `skipped`."""
    skipped = result.get("skipped")
    reasons: dict[str, int] = skipped if isinstance(skipped, dict) else {}
    counts = [
        f"{value:,} {name.replace('_', ' ')}" for name, value in result.items() if isinstance(value, int) and value
    ]
    labels = dict(SkipReason.choices)
    return counts + [f"{value:,} {labels.get(reason, reason)}" for reason, value in reasons.items()]
