"""The admin pages of webhooks."""

from campaigns_project.webhooks.admin import deliveries as deliveries
from campaigns_project.webhooks.admin import endpoints as endpoints
