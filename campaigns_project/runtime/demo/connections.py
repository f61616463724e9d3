"""A mailbox and a webhook endpoint of the demo, both at rest: at addresses of nobody's, asked and told nothing."""

from datetime import datetime

from django.db import transaction

from campaigns.mailboxes import pause_mailbox
from campaigns.models import Mailbox
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.webhooks import endpoints
from campaigns_project.webhooks.models import WebhookEndpoint

AT_REST = "The demo connects to nobody."


@transaction.atomic  # a worker never sees them awake
def add_connections(organization: Organization, now: datetime) -> None:
    """A paused mailbox, and a disabled endpoint with one event that it was not told."""
    mailbox = Mailbox.objects.create(
        organization=organization, name="Replies", host="imap.example.com", username="replies@example.com"
    )
    record(action="mailbox.created", entity=mailbox, organization_id=organization.pk, actor=SYSTEM, reason="demo data")
    pause_mailbox(mailbox=mailbox, actor=SYSTEM, reason=AT_REST)
    endpoint = endpoints.prepare(
        WebhookEndpoint(organization=organization, url="https://hooks.example.com/fairlead", description="Our own CRM"),
        actor=SYSTEM,
    )
    endpoint.save()
    record(
        action="webhookendpoint.created",
        entity=endpoint,
        organization_id=organization.pk,
        actor=SYSTEM,
        reason="demo data",
    )
    endpoints.send_test(endpoint=endpoint, actor=SYSTEM, now=now)
    endpoints.disable(endpoint=endpoint, actor=SYSTEM, now=now, reason=AT_REST)
