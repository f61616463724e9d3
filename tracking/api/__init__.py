"""What the API offers of what happened: the addresses below /api/v1/ and the view behind each."""

from campaigns.api.finding import IN_CAMPAIGN
from tracking.api.analytics import AnalyticsView
from tracking.api.events import CampaignEventViewSet, EventViewSet
from tracking.api.inbound_mails import InboundMailViewSet
from tracking.api.inbound_webhooks import InboundWebhookViewSet
from tracking.api.lead import ONE_LEAD, MergeView, TimelineView
from tracking.api.mailboxes import MailboxViewSet
from tracking.api.overview import OverviewView

ROUTES = (
    ("events", EventViewSet, "event"),
    ("inbound-webhooks", InboundWebhookViewSet, "inbound-webhook"),
    ("mailboxes", MailboxViewSet, "mailbox"),
    (f"{IN_CAMPAIGN}/events", CampaignEventViewSet, "campaign-event"),
)
VIEWS = (
    ("analytics/overview", OverviewView.as_view(), "analytics-overview"),
    ("inbound-mails", InboundMailViewSet.as_view({"get": "list", "post": "hand_in"}), "inbound-mail-list"),
    ("inbound-mails/(?P<id>[0-9]{1,18})", InboundMailViewSet.as_view({"get": "retrieve"}), "inbound-mail-detail"),
    (f"{IN_CAMPAIGN}/analytics", AnalyticsView.as_view({"get": "read"}), "campaign-analytics"),
    (f"{ONE_LEAD}/timeline", TimelineView.as_view({"get": "read"}), "lead-timeline"),
    (f"{ONE_LEAD}/merge", MergeView.as_view({"post": "merge"}), "lead-merge"),
)
