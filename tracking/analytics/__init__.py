"""What came of a campaign, in numbers."""

from tracking.analytics.campaign import campaign_analytics as campaign_analytics
