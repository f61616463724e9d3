"""What the API offers of what happened: the addresses below /api/v1/ and the view behind each."""

from campaigns.api.finding import IN_CAMPAIGN
from tracking.api.analytics import AnalyticsView
from tracking.api.events import CampaignEventViewSet, EventViewSet

ROUTES = (
    ("events", EventViewSet, "event"),
    (f"{IN_CAMPAIGN}/events", CampaignEventViewSet, "campaign-event"),
)
VIEWS = ((f"{IN_CAMPAIGN}/analytics", AnalyticsView.as_view({"get": "read"}), "campaign-analytics"),)
