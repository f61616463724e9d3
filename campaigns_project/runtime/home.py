"""The first page: what needs somebody, what runs, and whether the system does. Cheap questions only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from campaigns.admin.operator_tasks import my_tasks_today
from campaigns.models import Campaign, CampaignStatus, Message, Sender, SenderStatus
from campaigns.sending.reasons import in_words
from campaigns.why import WHY_NOT_KEPT
from campaigns_project.accounts.admin.held import HeldRoles, held_roles
from campaigns_project.accounts.admin.live import Pulse, fragment, is_shown, unchanged, version_of
from campaigns_project.accounts.templatetags.fairlead import relative
from campaigns_project.admin_site import Page, show_page
from campaigns_project.runtime.first_steps import first_steps
from campaigns_project.runtime.health import Check, Level, examine
from campaigns_project.runtime.home_cards import numbers
from campaigns_project.states import ProgressStatus
from campaigns_project.webhooks.models import WebhookEndpoint
from leads.models import ImportStatus, Lead, LeadImport, Suppression

SHOWN = 10  # running campaigns
EVERY = 10  # seconds between two looks at them by a page that is open
FIGURES = ("recipients_reached", "total_recipients", "emails_sent", "emails_replied", "emails_bounced")
ALERTS = 7
TASKS = 5  # of today; the board has them all
COUNTED_UP_TO = 100_000  # larger numbers are shown as “100,000+”: counting a million rows is not cheap
RECENT = timedelta(days=7)
SHOWN_TO_ALL = ("workers", "queue")  # subjects of System health that tell nothing of any organization
SHOWN_ELSEWHERE = (*SHOWN_TO_ALL, "sending", "webhooks")  # stops stand above every page, endpoints among the alerts


@dataclass(frozen=True)
class Tile:
    """A number that leads to what is behind it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True)
class Alert:
    """Something that waits for a person."""

    tone: str
    text: str
    detail: str
    url: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows, for the organizations of this user."""
    held, now = held_roles(request), timezone.now()
    campaigns = held.scope(Campaign.objects.living())
    found = examine(now=now, quick=True, only=() if held.everywhere else SHOWN_TO_ALL).checks
    lights = [check for check in found if check.name in SHOWN_TO_ALL]
    return {
        **context,
        "title": "Home",
        "now": now,
        "first_steps": first_steps(request),
        "alerts": [*_alerts(held, campaigns, lights, now), *_findings(held, found)][:ALERTS],
        "numbers": numbers(held, now=now),
        "my_tasks": list(my_tasks_today(request, now=now).select_related("organization", "campaign", "lead")[:TASKS]),
        "tiles": list(_tiles(held)),
        **running_part(held),
        "lights": lights,
    }


def running_part(held: HeldRoles) -> dict[str, Any]:
    """The campaigns that run, and how soon the page should ask for them again."""
    campaigns = held.scope(Campaign.objects.living()).filter(status=CampaignStatus.RUNNING)
    running = list(campaigns.order_by("-priority", "-started_at")[:SHOWN])
    shown = [(each.pk, each.name, *(getattr(each, name) for name in FIGURES)) for each in running]
    return {"running": running, "pulse": Pulse(version_of(*shown), EVERY)}


@require_safe
def running_live(request: HttpRequest) -> HttpResponse:
    """The table of running campaigns, for a page that is open; see `accounts.admin.live`."""
    context = running_part(held_roles(request))
    if is_shown(request, context["pulse"].version):
        return unchanged()
    return fragment(request, "admin/running.html", context, context["pulse"])


def _tiles(held: HeldRoles) -> Iterator[Tile]:
    yield Tile("Leads", _bounded(held.scope(Lead.objects.all())), reverse("admin:leads_lead_changelist"))
    suppressed = held.scope(Suppression.objects.living())
    yield Tile("Suppressed", _bounded(suppressed), reverse("admin:leads_suppression_changelist"))
    able = held.scope(Sender.objects.all()).filter(status=SenderStatus.ACTIVE)
    yield Tile("Senders in use", _bounded(able), reverse("admin:campaigns_sender_changelist"))


def _bounded(rows: QuerySet[Any]) -> str:
    count = rows.order_by()[: COUNTED_UP_TO + 1].count()
    return f"{intcomma(COUNTED_UP_TO)}+" if count > COUNTED_UP_TO else str(intcomma(count))


def _alerts(held: HeldRoles, campaigns: QuerySet[Campaign], lights: list[Check], now: datetime) -> Iterator[Alert]:
    if not held.everywhere and not held.organization_ids():
        detail = "An owner gives you one: on the page of the organization, under People."
        yield Alert("warn", "You have no role in any organization yet", detail, reverse("admin:index"))
    is_down = any(light.level == Level.FAIL for light in lights)
    if is_down and campaigns.filter(status=CampaignStatus.RUNNING).exists():
        yield Alert("bad", "Campaigns are running, but no mail leaves", "See System on this page.", "#system")
    paused_by_system = Q(status=CampaignStatus.PAUSED) & ~Q(status_error="")
    held_up = campaigns.filter(paused_by_system | Q(status=CampaignStatus.FAILED))
    for campaign in held_up.order_by("-updated_at")[:ALERTS]:
        yield Alert(
            "bad", campaign.name, campaign.status_message or WHY_NOT_KEPT, _page("campaigns_campaign", campaign)
        )
    paused = held.scope(Sender.objects.all()).filter(status=SenderStatus.PAUSED)
    for sender in paused.order_by("-updated_at")[:ALERTS]:
        why = capfirst(in_words(sender.status_reason))
        yield Alert("warn", f"{sender.email} is paused", why, _page("campaigns_sender", sender))
    disabled = held.scope(WebhookEndpoint.objects.defer(*WebhookEndpoint.SECRETS)).filter(is_disabled_by_system=True)
    for endpoint in disabled.order_by("-disabled_at")[:ALERTS]:
        text = f"The webhook endpoint {endpoint} was disabled"
        yield Alert("warn", text, endpoint.status_reason, _page("webhooks_webhookendpoint", endpoint))
    uncertain = held.scope(Message.objects.uncertain())
    if uncertain.exists():
        text = f"Uncertain mails: {_bounded(uncertain)}"
        pile = f"{reverse('admin:campaigns_message_changelist')}?place=uncertain"
        yield Alert("warn", text, "They may have arrived, and wait for evidence or your decision.", pile)
    yield from _imports(held, now)


def _findings(held: HeldRoles, found: list[Check]) -> Iterator[Alert]:
    """What System health says is wrong, for those who may read it, unless the page says it elsewhere already."""
    if not held.everywhere:
        return
    for check in found:
        if check.level.rank and check.name not in SHOWN_ELSEWHERE:
            tone = "bad" if check.level == Level.FAIL else "warn"
            yield Alert(tone, check.message, check.fix, f"{reverse('admin:system_health')}#{check.name}")


def _imports(held: HeldRoles, now: datetime) -> Iterator[Alert]:
    recent = held.scope(LeadImport.objects.all()).filter(created_at__gt=now - RECENT).order_by("-pk")
    checked = recent.filter(status=ImportStatus.DRAFT, dry_run_status=ProgressStatus.SUCCEEDED)
    for each in checked[:ALERTS]:
        text = f"{each.file_name} was checked and waits for your decision"
        yield Alert("warn", text, relative(each.created_at, now), _page("leads_leadimport", each))
    for each in recent.exclude(problem_count=0).exclude(pk__in=checked)[:ALERTS]:
        text = f"{each.file_name}: {each.problem_count:,} of {each.rows_done:,} rows became no lead"
        yield Alert("warn", text, relative(each.created_at, now), _page("leads_leadimport", each))
    for each in recent.filter(status=ProgressStatus.FAILED)[:ALERTS]:
        yield Alert(
            "bad", f"{each.file_name} could not be imported", each.error_message, _page("leads_leadimport", each)
        )


def _page(name: str, row: Any) -> str:
    return reverse(f"admin:{name}_change", args=[row.pk])


show_page(Page("home_running", "running/", running_live, lambda request: request.user.is_authenticated))
