"""Where we tell others what happened, and what became of telling them."""

from campaigns_project.webhooks.models.delivery import DeliveryStatus as DeliveryStatus
from campaigns_project.webhooks.models.delivery import WebhookDelivery as WebhookDelivery
from campaigns_project.webhooks.models.endpoint import EndpointStatus as EndpointStatus
from campaigns_project.webhooks.models.endpoint import WebhookEndpoint as WebhookEndpoint
