"""What the API offers of campaigns: the addresses below /api/v1/ and the view behind each."""

from campaigns.api.calendar import CalendarItemViewSet, CalendarViewSet, FeedViewSet
from campaigns.api.campaigns import CampaignViewSet
from campaigns.api.de_enrollment import RUN, HealthView, ItemViewSet, RunViewSet
from campaigns.api.finding import IN_CAMPAIGN
from campaigns.api.halts import HaltViewSet
from campaigns.api.instantly import InstantlyAccountViewSet
from campaigns.api.jobs import CampaignJobViewSet, JobViewSet
from campaigns.api.lead_statuses import LeadStatusViewSet
from campaigns.api.messages import MessageViewSet
from campaigns.api.metrics import MetricEntryViewSet, MetricViewSet
from campaigns.api.notes import NoteViewSet
from campaigns.api.operator_tasks import TaskViewSet
from campaigns.api.persons import PersonViewSet
from campaigns.api.plans import PlanViewSet
from campaigns.api.ranking import RankingRulesViewSet, RankingViewSet
from campaigns.api.recipients import RecipientViewSet
from campaigns.api.senders import CampaignSenderViewSet, SenderViewSet
from campaigns.api.steps import StepViewSet, VariantViewSet
from campaigns.api.system import WorkersView
from campaigns.api.templates import OF_TEMPLATE, TemplateVersionViewSet, TemplateViewSet
from campaigns.api.uncertain import UncertainViewSet

ROUTES = (
    ("campaigns", CampaignViewSet, "campaign"),
    (f"{IN_CAMPAIGN}/steps", StepViewSet, "campaign-step"),
    (rf"{IN_CAMPAIGN}/steps/(?P<step>[0-9]{{1,18}})/variants", VariantViewSet, "campaign-variant"),
    (f"{IN_CAMPAIGN}/recipients", RecipientViewSet, "campaign-recipient"),
    (f"{IN_CAMPAIGN}/ranking", RankingViewSet, "campaign-ranking"),
    (f"{IN_CAMPAIGN}/messages", MessageViewSet, "campaign-message"),
    (f"{IN_CAMPAIGN}/jobs", CampaignJobViewSet, "campaign-job"),
    ("templates", TemplateViewSet, "template"),
    (f"{OF_TEMPLATE}/versions", TemplateVersionViewSet, "template-version"),
    ("senders", SenderViewSet, "sender"),
    ("instantly-accounts", InstantlyAccountViewSet, "instantly-account"),
    ("jobs", JobViewSet, "job"),
    ("leads", PersonViewSet, "person"),
    ("uncertain-messages", UncertainViewSet, "uncertain-message"),
    ("de-enrollment/runs", RunViewSet, "de-enrollment-run"),
    (f"{RUN}/items", ItemViewSet, "de-enrollment-item"),
    ("sending-halts", HaltViewSet, "sending-halt"),
    ("notes", NoteViewSet, "note"),
    ("lead-statuses", LeadStatusViewSet, "lead-status"),
    ("plans", PlanViewSet, "plan"),
    ("calendar-items", CalendarItemViewSet, "calendar-item"),
    ("calendar-feeds", FeedViewSet, "calendar-feed"),
    ("tasks", TaskViewSet, "task"),
    ("metrics", MetricViewSet, "metric"),
)
VIEWS = (
    ("system/workers", WorkersView.as_view(), "system-workers"),
    ("de-enrollment/health", HealthView.as_view({"get": "read"}), "de-enrollment-health"),
    (
        f"{IN_CAMPAIGN}/ranking-rules",
        RankingRulesViewSet.as_view({"get": "read", "put": "replace"}),
        "campaign-ranking-rules",
    ),
    # By PUT a value is entered where none is, or replaced: a list's own verb, which the router does not know.
    ("metric-entries", MetricEntryViewSet.as_view({"get": "list", "put": "enter"}), "metric-entries"),
    ("metric-entries/bulk", MetricEntryViewSet.as_view({"post": "bulk"}), "metric-entries-bulk"),
    (
        "metric-entries/(?P<id>[0-9]{1,18})",
        MetricEntryViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        "metric-entry",
    ),
    ("calendar", CalendarViewSet.as_view({"get": "read"}), "calendar"),
    (f"{IN_CAMPAIGN}/senders", CampaignSenderViewSet.as_view({"get": "chosen", "put": "replace"}), "campaign-sender"),
)
