"""The admin pages of campaigns: the list, the page of one with its live part, its settings, its verbs."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from campaigns.admin import audience, automatic, fetching, instantly, overview, trials, verbs
from campaigns.admin.campaign_deletion import CampaignDeletionPage, DeleteDraft, deletion_of, deletion_url
from campaigns.admin.campaign_form import CampaignForm, named_days
from campaigns.admin.filters import Group, Kind
from campaigns.admin.previewing import preview_response
from campaigns.admin.ranking import RankingPages
from campaigns.admin.retrying import RetryFailed
from campaigns.admin.tabs import campaign_tabs
from campaigns.deletion.export import ZIP_TYPE, export_name, stream_export
from campaigns.models import Campaign, CampaignStatus
from campaigns.naming import free_campaign_id
from campaigns.providers.instantly.choose import is_settled_elsewhere
from campaigns.why import why_campaign
from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import dialog_action
from campaigns_project.accounts.admin.filters import MomentsFilter, ScopedRelatedFilter
from campaigns_project.accounts.admin.live import Pulse, fragment, is_shown, unchanged
from campaigns_project.accounts.admin.permissions import may_here
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip, moment, percent
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog


class CampaignAdmin(RankingPages, ScopedAdmin):
    """Deleting has a page of its own, since it takes rows with it that one has to see first; never several at once."""

    form = CampaignForm
    list_display = ["headline", "state", "sent_of", "replies", "bounces", "starts", "changed", "organization"]
    list_filter = [
        Group,
        ("status", ChoicesDropdownFilter),
        Kind,
        ("created_at", MomentsFilter),
        ("organization", ScopedRelatedFilter),
    ]
    list_select_related = ["organization"]
    search_fields = ["name", "campaign_id"]
    readonly_fields = ["created_by", "created_at"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "campaign_id", "description", "plan"]}),
        (
            "When mail may leave",
            {
                "fields": [
                    ("timezone", "window_zone"),
                    "sending_days",
                    ("window_start", "window_end"),
                    "holidays",
                    "counts_sending_days",
                ]
            },
        ),
        ("How many mails", {"fields": [("daily_limit", "daily_new_leads"), "priority"]}),
        ("What is watched", {"fields": [("track_opens", "track_clicks", "stop_on_reply", "stop_on_booking")]}),
        ("Made", {"fields": [("created_by", "created_at")]}),
    ]
    empty_text = (
        "A campaign sends a short sequence of mails to a list of people and stops when they reply. "
        "Make one, add its steps, enroll leads, start."
    )
    views = (
        ("All", ""),
        ("Running", "group=running"),
        ("Scheduled", "group=scheduled"),
        ("Needs attention", "group=attention"),
        ("Drafts", "group=drafts"),
        ("Done", "group=done"),
        ("Archive", "group=archived"),
    )
    empty_when = {
        "group=attention": "Nothing needs attention: no campaign has failed or was paused by the system",
        "group=running": "No campaign is running",
        "group=scheduled": "No campaign waits for its hour",
        "group=archived": "The archive is empty",
    }
    acts_at_hand = frozenset({"pause", "resume", "start"})
    change_form_outer_before_template = "campaigns/admin/frame.html"
    actions_detail = [
        "start", "resume", "pause", "schedule", "unschedule", "preflight", "send_test", "enroll", "standing_audience",
        "activate", "deactivate", "lead_source", "fetch_leads", "cancel_fetch", "choose_senders", "choose_delivery",
        "retry_failed", "duplicate", "restore", "archive", "stop", "delete_draft",
    ]  # fmt: skip

    start = dialog_action(verbs.Start)
    schedule = dialog_action(verbs.Schedule)
    unschedule = dialog_action(verbs.Unschedule)
    pause = dialog_action(verbs.Pause)
    resume = dialog_action(verbs.Resume)
    stop = dialog_action(verbs.Stop)
    archive = dialog_action(verbs.Archive)
    restore = dialog_action(verbs.Restore)
    retry_failed = dialog_action(RetryFailed)
    duplicate = dialog_action(verbs.Duplicate)
    delete_draft = dialog_action(DeleteDraft)
    preflight = dialog_action(verbs.Check)
    send_test = dialog_action(trials.SendTest)
    enroll = dialog_action(audience.Enroll)
    standing_audience = dialog_action(automatic.Audience)
    activate = dialog_action(automatic.Activate)
    deactivate = dialog_action(automatic.Deactivate)
    lead_source = dialog_action(fetching.LeadSource)
    fetch_leads = dialog_action(fetching.FetchLeads)
    cancel_fetch = dialog_action(fetching.CancelFetch)
    choose_senders = dialog_action(audience.ChooseSenders)
    choose_delivery = dialog_action(instantly.ChooseDelivery)

    def get_urls(self) -> list[Any]:
        view, name = self.admin_site.admin_view, "campaigns_campaign"
        return [
            path("<path:object_id>/live/", view(self.live_view), name=f"{name}_live"),
            path("<path:object_id>/why/", view(self.why_view), name=f"{name}_why"),
            path("<path:object_id>/steps/", view(self.steps_view), name=f"{name}_steps"),
            path("<path:object_id>/step-table/", view(self.step_table_view), name=f"{name}_step_table"),
            path("<path:object_id>/preview/", view(self.preview_view), name=f"{name}_preview"),
            path("<path:object_id>/settings/", view(self.settings_view), name=f"{name}_settings"),
            path("<path:object_id>/audience/", view(self.audience_view), name=f"{name}_audience"),
            path("<path:object_id>/export/", view(self.export_view), name=f"{name}_export"),
            *super().get_urls(),
        ]

    @cached_property
    def readonly_preprocess_fields(self) -> dict[str, Callable[[SafeString], SafeString]]:
        return {**super().readonly_preprocess_fields, "sending_days": named_days}

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("organization")  # whose blackout days tell when mail leaves

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(["campaign_id"] if obj else [])]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:-1]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is None or (obj.status in CampaignStatus.editable and not is_settled_elsewhere(obj))
        return is_open and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.campaign_id = obj.campaign_id or free_campaign_id(obj.name)
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[obj.pk]))

    response_post_save_change = response_post_save_add

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The overview. Settings are a page of their own, so that looking at a campaign is not editing it."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if self.get_object(request, object_id) is None and (deletion := deletion_of(request, unquote(object_id))):
            return HttpResponseRedirect(reverse("admin:campaigns_job_change", args=[deletion.pk]))
        campaign = self.object_or_404(request, object_id)
        context = {
            **self.frame(request, campaign, "Overview"),
            **overview.live_context(campaign, timezone.now()),
            "table_every": overview.TABLE,
            "why_every": overview.WAITING,
            "missing": overview.missing_before_start(campaign),
            "may_start": may_here(request, Role.MANAGER, campaign),
            "fetched_first": overview.fetched_first(campaign),
            "automatic": automatic.automatic_facts(campaign),
            "after_failure": overview.after_failure(campaign),
            "steps": overview.step_rows(campaign, timezone.now()),
            "senders": [used.sender for used in campaign.campaign_senders.select_related("sender")],
        }
        return TemplateResponse(request, "campaigns/admin/overview.html", context)

    def live_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The part of the overview that moves; see `accounts.admin.live`."""
        campaign, now = self.object_or_404(request, object_id), timezone.now()
        is_over = campaign.status in CampaignStatus.ended
        if not is_over and is_shown(request, overview.version(campaign, now)):
            return unchanged()
        context = overview.live_context(campaign, now)
        if request.GET.get("status") != campaign.status:  # buttons and chip outside the fragment have become wrong
            context.update(self.frame(request, campaign, "Overview"), is_frame_stale=True)
        response = fragment(request, "campaigns/admin/live.html", context, context["pulse"])
        if "is_frame_stale" in context:
            response["HX-Trigger"] = "campaign-moved"  # the table of steps asks at once
        return response

    def step_table_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The table of steps of the overview, which counts messages and is asked for more rarely."""
        campaign = self.object_or_404(request, object_id)
        pulse = Pulse("", None if campaign.status in CampaignStatus.ended else overview.TABLE)
        return fragment(
            request, "campaigns/admin/step_table.html", {"steps": overview.step_rows(campaign, timezone.now())}, pulse
        )

    def why_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every gate between the campaign and its next mail."""
        campaign, now = self.object_or_404(request, object_id), timezone.now()
        pulse = Pulse("", None if campaign.status in CampaignStatus.ended else overview.WAITING)
        return fragment(request, "campaigns/admin/gates.html", {"standing": why_campaign(campaign, now=now)}, pulse)

    def steps_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The sequence: steps, waits and wordings."""
        campaign = self.object_or_404(request, object_id)
        may_edit = self.has_change_permission(request, campaign)
        context = {
            **self.frame(request, campaign, "Steps"),
            "steps": overview.step_rows(campaign, timezone.now()),
            "may_edit": may_edit,
        }
        return TemplateResponse(request, "campaigns/admin/steps.html", context)

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A wording as a lead would read it; writes nothing, by POST neither."""
        return preview_response(request, self.object_or_404(request, object_id))

    def audience_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The line of the enrollment's dialog that tells whom it means; writes nothing, by POST neither."""
        campaign = self.object_or_404(request, object_id, Role.OPERATOR)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return audience.audience_preview(self, request, campaign)

    def settings_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The settings as a form; read only once the campaign has ended."""
        campaign = self.object_or_404(request, object_id)
        return self.changeform_view(request, object_id, "", self.frame(request, campaign, "Settings"))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        context["actions_detail"] = []  # they stand in the campaign's own frame
        return super().render_change_form(request, context, *args, **kwargs)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        campaign = self.object_or_404(request, object_id)
        return super().history_view(request, object_id, self.frame(request, campaign, "History"))

    def history_of(self, obj: Any) -> Any:
        """What was done to the campaign, its steps and its wordings; their entries name the campaign."""
        own = Q(entity_type="campaign", entity_id=str(obj.pk)) | Q(
            entity_type__in=["step", "variant"], after__campaign=obj.pk
        )
        return AuditLog.objects.filter(own, organization_ref=obj.organization_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """In place of Django's own, which loads every row that would go."""
        return CampaignDeletionPage(self, request, self.object_or_404(request, object_id, Role.MANAGER)).respond()

    def export_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Everything of the campaign as a ZIP, streamed. By POST, since it leaves its line in the audit log."""
        campaign, now = self.object_or_404(request, object_id, Role.MANAGER), timezone.now()
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        pieces = stream_export(campaign=campaign, actor=Actor.of_request(request, via="admin"), now=now)
        headers = {"Content-Disposition": f'attachment; filename="{export_name(campaign, now)}"'}
        return StreamingHttpResponse(pieces, content_type=ZIP_TYPE, headers=headers)

    def frame(self, request: HttpRequest, campaign: Campaign, tab: str) -> dict[str, Any]:
        """What every page of a campaign has around it: title, state, buttons, tabs."""
        offered = self.get_actions_detail(request, str(campaign.pk))
        return {
            **self.admin_site.each_context(request),
            "title": campaign.name if tab == "Overview" else f"{tab}: {campaign.name}",
            "opts": self.opts,
            "original": campaign,
            "campaign": campaign,
            "tabs": campaign_tabs(campaign, tab),
            "buttons": self._get_actions_navigation(self.actions_detail, offered, str(campaign.pk)),
            "deletion_url": deletion_url(request, campaign),
        }

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        key = unquote(str(object_id))
        if request.method == "POST":  # a form puts what was typed into the one it got, saved or not
            return super().get_object(request, key, from_field)
        # Asked for by the view, and again for the buttons: once per request is enough.
        read: dict[str, Any] = request.__dict__.setdefault("_campaigns_read", {})
        if key not in read:
            read[key] = super().get_object(request, key, from_field)
        return read[key]

    @display(description="Campaign", header=True, ordering="name")
    def headline(self, campaign: Campaign) -> tuple[str, str]:
        mark = " · automatic" if campaign.is_automatic else ""
        return campaign.name, f"{campaign.campaign_id}{mark}{'' if campaign.is_active else ', off'}"

    @display(description="Status", ordering="status")
    def state(self, campaign: Campaign) -> str:
        return chip(campaign.status, campaign.get_status_display())

    @display(description="Sent")
    def sent_of(self, campaign: Campaign) -> str:
        return format_html(
            '<span class="fl-meter" aria-hidden="true"><span style="width:{}%"></span></span>'
            '<span class="fl-nowrap">{} mail{} · {} of {} people</span>',
            percent(campaign.recipients_reached, campaign.total_recipients),
            f"{campaign.emails_sent:,}",
            "" if campaign.emails_sent == 1 else "s",
            f"{campaign.recipients_reached:,}",
            f"{campaign.total_recipients:,}",
        )

    @display(description="Replied")
    def replies(self, campaign: Campaign) -> SafeString | str:
        return _rate(campaign.emails_replied, campaign.recipients_reached)

    @display(description="Bounced")
    def bounces(self, campaign: Campaign) -> SafeString | str:
        return _rate(campaign.emails_bounced, campaign.recipients_reached)

    @display(description="Started", ordering="started_at")
    def starts(self, campaign: Campaign) -> Any:
        if campaign.started_at or not campaign.scheduled_at:
            return campaign.started_at
        at = localize(timezone.localtime(campaign.scheduled_at))
        return format_html('<span class="fl-subtle">starts</span> {}', at)

    @display(description="Changed", ordering="updated_at")
    def changed(self, campaign: Campaign) -> str:
        return moment(campaign.updated_at)


def _rate(part: int, whole: int) -> SafeString | str:
    """A share, and under it of how many."""
    if not whole:
        return "—"
    of = f"{part:,} of {whole:,}"
    return format_html('{} %<br><span class="fl-subtle">{}</span>', f"{100 * part / whole:.1f}", of)
