"""The admin pages of jobs, deleted campaigns and the choice of senders: read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin.deletion_progress import progress_context, sentence, version
from campaigns.admin.deletion_words import counted
from campaigns.admin.filters import OfCampaign
from campaigns.admin.old_jobs import RemoveOldJobs
from campaigns.admin.tabs import InCampaignTabs
from campaigns.enrollment.take_in import SkipReason
from campaigns.models import CampaignSender, CampaignTombstone, Job, JobKind
from campaigns_project.accounts.admin.base import ReadOnlyAdmin
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.admin.live import fragment, is_shown, unchanged
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.states import ProgressStatus

UNCOUNTED = "not counted: it was deleted past the application"


@admin.register(Job)
class JobAdmin(InCampaignTabs, ReadOnlyAdmin):
    tab = "Jobs"
    list_display = ["__str__", "campaign", "standing", "progress", "outcome", "created_by", "started_at", "finished_at"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        OfCampaign,
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["campaign", "organization"]
    search_fields = ["=id", "created_by"]
    fields = [
        "campaign", "kind", "standing", "progress", "outcome", "result", "created_by", "created_at", "started_at",
        "heartbeat_at", "finished_at",
    ]  # fmt: skip
    readonly_fields = ["standing", "progress", "outcome"]
    views = (
        ("All", ""),
        ("Running", "status__exact=running"),
        ("Failed", "status__exact=failed"),
        ("Stalled", "status__exact=stalled"),
    )
    empty_when = {
        "status__exact=running": "No job is running",
        "status__exact=failed": "No job has failed",
        "status__exact=stalled": "No job has stalled",
    }
    actions_list = ["remove_old_jobs"]
    empty_text = "A job is one piece of background work on a campaign, such as an enrollment or a run of sending."

    remove_old_jobs = dialog_action(RemoveOldJobs)

    def get_fields(self, request: HttpRequest, obj: Job | None = None) -> Any:
        return [name for name in self.fields if name != "result" or (obj and obj.result)]

    def get_urls(self) -> list[Any]:
        live = self.admin_site.admin_view(self.live_view)
        return [path("<path:object_id>/live/", live, name="campaigns_job_live"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A deletion shows how far it is; of any other job its fields."""
        job = self.object_or_404(request, object_id)
        if job.kind not in JobKind.deleting:
            return super().change_view(request, object_id, form_url, extra_context)
        around = {**self.admin_site.each_context(request), "title": str(job), "opts": self.opts, "original": job}
        return TemplateResponse(request, "campaigns/admin/deletion_progress.html", {**around, **progress_context(job)})

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of a deletion's page that moves; see `accounts.admin.live`."""
        job = self.object_or_404(request, object_id)
        if job.kind not in JobKind.deleting:
            return HttpResponseRedirect(reverse("admin:campaigns_job_change", args=[job.pk]))  # nothing moves there
        if job.status not in ProgressStatus.ended and is_shown(request, version(job)):
            return unchanged()
        context = progress_context(job)
        return fragment(request, "campaigns/admin/deletion_live.html", context, context["pulse"])

    @display(description="Status", ordering="status")
    def standing(self, job: Job) -> str:
        return chip(job.status, job.get_status_display())

    @display(description="Done")
    def progress(self, job: Job) -> str:
        # More were done than there were at first, as where people are enrolled while a campaign sends.
        is_past = job.total is not None and job.done > job.total
        return f"{job.done:,}" if job.total is None or is_past else f"{job.done:,} of {job.total:,}"

    @display(description="Outcome")
    def outcome(self, job: Job) -> str:
        if job.kind in JobKind.deleting:
            return sentence(job)
        counts = "; ".join(_told(job.result))
        if job.error_message:
            # Who came in with the batches before stays in.
            return f"{job.error_message} {counts}." if job.kind == JobKind.ENROLL and counts else job.error_message
        return counts or "—"


@admin.register(CampaignTombstone)
class CampaignTombstoneAdmin(ReadOnlyAdmin):
    list_display = ["headline", "id", "records", "deleted_by", "deleted_at", "reason"]
    list_filter = [("deleted_at", MomentsFilter)]
    search_fields = ["name", "campaign_slug", "=id", "deleted_by"]
    fields = ["name", "campaign_slug", "id", "deleted_by", "deleted_at", "reason", "removed"]
    readonly_fields = ["removed"]
    empty_text = (
        "No campaign has been deleted. What is left of one stands here for ever, and its ID is never given out again."
    )

    @display(description="Campaign", header=True, ordering="name")
    def headline(self, tombstone: CampaignTombstone) -> tuple[str, str]:
        return tombstone.name, tombstone.campaign_slug

    @display(description="Records removed")
    def records(self, tombstone: CampaignTombstone) -> str:
        return f"{sum(tombstone.counts.values()):,}" if tombstone.counts else UNCOUNTED

    @display(description="Removed")
    def removed(self, tombstone: CampaignTombstone) -> str:
        told = ((f"{row.count:,}", row.words) for row in counted(tombstone.counts))
        return format_html_join(mark_safe("<br>"), "{} {}", told) or UNCOUNTED


@admin.register(CampaignSender)
class CampaignSenderAdmin(ReadOnlyAdmin):
    """To look things up in; senders are chosen on the campaign's page."""

    list_display = ["campaign", "sender"]
    list_filter = [OfCampaign]
    list_select_related = ["campaign", "sender"]


# What is told first of a run of sending.
_FIRST = ("planned", "sent", "waiting", "in_flight", "failed", "skipped", "uncertain")


def _place(told: tuple[str, Any]) -> int:
    return _FIRST.index(told[0]) if told[0] in _FIRST else len(_FIRST)


def _told(result: dict[str, Any]) -> list[str]:
    """The counts of a result in words, leaving out what is nothing. A run of sending has one count of `skipped`."""
    skipped = result.get("skipped")
    reasons: dict[str, int] = skipped if isinstance(skipped, dict) else {}
    counts = [
        f"{value:,} {name.replace('_', ' ')}"
        for name, value in sorted(result.items(), key=_place)  # a stored object is in no order of its own
        if isinstance(value, int) and value
    ]
    labels = dict(SkipReason.choices)
    return counts + [f"{value:,} {labels.get(reason, reason)}" for reason, value in reasons.items()]
