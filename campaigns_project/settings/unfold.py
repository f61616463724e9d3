"""How the admin looks: title, colors, and the sidebar in the order of the job."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _own(path: str) -> Any:
    """The address of a static file of ours, asked for when a page is made: settings are still being read here."""

    def address(_request: HttpRequest) -> str:
        return static(f"fairlead/{path}")

    return address


# Title of the group, then its items: title, icon, the model whose list it opens, for whoever may see that model (or the
# name of a page without a model), and where the item is a part of that list, the query that narrows it.
SIDEBAR: list[tuple[str, list[tuple[str, ...]]]] = [
    (
        "Outreach",
        [
            ("Campaigns", "campaign", "campaigns.Campaign"),
            ("Replies", "reply", "tracking.InboundMail"),
            ("Templates", "draft", "campaigns.EmailTemplate"),
            ("Activity", "timeline", "tracking.EmailEvent"),
        ],
    ),
    (
        "Audience",
        [
            ("Leads", "person", "leads.Lead"),
            ("Tags", "sell", "leads.Tag"),
            ("Segments", "filter_alt", "leads.Segment"),
            ("Imports", "upload_file", "leads.LeadImport"),
            ("Suppressions", "block", "leads.Suppression"),
            ("Provider accounts", "travel_explore", "leads.ProviderAccount"),
            ("Notes", "edit_note", "campaigns.LeadNote"),
            ("Enrichment", "auto_awesome", "leads.EnrichmentProfile"),
        ],
    ),
    (
        "Sending",
        [
            ("Senders", "outgoing_mail", "campaigns.Sender"),
            ("De-enrollment", "person_remove", "campaigns.DeEnrollmentRun"),
            ("Mailboxes", "inbox", "campaigns.Mailbox"),
            ("OAuth applications", "link", "campaigns.OAuthApplication"),
            ("Instantly accounts", "forward_to_inbox", "campaigns.InstantlyAccount"),
            ("Messages", "mail", "campaigns.Message"),
            ("Uncertain", "help", "campaigns.Message", "place=uncertain"),
            ("Inbound webhooks", "webhook", "tracking.InboundWebhook"),
            ("Emergency stops", "front_hand", "campaigns.SendingHalt"),
        ],
    ),
    (
        "Operations",
        [
            ("Plans", "flag", "campaigns.CampaignPlan"),
            ("Calendar", "calendar_month", "operations_calendar"),
            ("Task board", "view_kanban", "operations_board"),
            ("Metrics", "monitoring", "operations_metrics"),
            ("Jobs", "sync", "campaigns.Job"),
            ("Audit log", "history", "audit.AuditLog"),
            ("Deleted campaigns", "delete_history", "campaigns.CampaignTombstone"),
        ],
    ),
    (
        "Organization",
        [
            ("Organizations", "apartment", "accounts.Organization"),
            ("API keys", "key", "accounts.ServiceAccount"),
            ("Idempotency keys", "repeat", "idempotency.IdempotentRequest"),
            ("Webhooks", "webhook", "webhooks.WebhookEndpoint"),
            ("Webhook deliveries", "outbox", "webhooks.WebhookDelivery"),
        ],
    ),
    (
        "Installation",
        [
            ("System health", "monitor_heart", "system_health"),
            ("Going live", "rocket_launch", "going_live"),
            ("People", "group", "accounts.User"),
            ("Second factors", "phonelink_lock", "accounts.SecondFactor"),
            ("Workers", "memory", "workers.WorkerHeartbeat"),
            ("Task queue", "queue", "django_q.OrmQ"),
            ("Orphans", "link_off", "cleanup.OrphanReport"),
            ("Failed tasks", "error", "django_q.Failure"),
            ("Failed logins", "lock", "axes.AccessAttempt"),
        ],
    ),
]

# Typed after “g” (go), each opens a page of the sidebar; listed behind “?”.
KEYS = {
    "Home": "h", "Campaigns": "c", "Replies": "r", "Activity": "a", "Leads": "l", "Imports": "i", "Senders": "s",
    "Task board": "t", "Jobs": "j", "System health": "y",
}  # fmt: skip

# Models whose rows the command search finds.
SEARCHED = [
    "campaigns.campaign", "leads.lead", "campaigns.sender", "campaigns.emailtemplate", "leads.segment",
    "campaigns.campaignplan",
]  # fmt: skip

UNFOLD = {
    "SITE_TITLE": "Fairlead",
    "SITE_HEADER": "Fairlead",
    "SITE_SUBHEADER": "Outreach that can say why",
    "SITE_SYMBOL": "sailing",
    "SITE_URL": None,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _own("favicon.svg")}],
    "STYLES": [_own("admin.css")],
    "SCRIPTS": [_own("admin.js"), _own("drafts.js")],
    "ENVIRONMENT": "campaigns_project.admin_site.environment",
    "ENVIRONMENT_TITLE_PREFIX": "campaigns_project.admin_site.title_prefix",
    "GLOBAL_CALLBACK": "campaigns_project.admin_site.shell",
    "DASHBOARD_CALLBACK": "campaigns_project.runtime.home.dashboard",
    "COMMAND": {
        # History is off: it would keep addresses of leads in the browser.
        "search_models": SEARCHED,
        "show_history": False,
    },
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": reverse_lazy("admin:password_change")},
            {"title": "Second factor", "link": reverse_lazy("admin:second_factor")},
        ]
    },
    "SIDEBAR": {"show_search": True, "navigation": "campaigns_project.admin_site.navigation"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.62)",
            "100": "oklch(95.1% .026 236.824)",
            "200": "oklch(90.1% .058 230.902)",
            "300": "oklch(82.8% .111 230.318)",
            "400": "oklch(74.6% .16 232.661)",
            "500": "oklch(62% .158 239)",
            "600": "oklch(51% .14 243)",
            "700": "oklch(45.5% .124 243)",
            "800": "oklch(39.5% .105 243)",
            "900": "oklch(34.5% .085 243)",
            "950": "oklch(25.5% .066 243)",
        },
    },
}
