"""What connects the demo with others, all at rest: mailbox and webhook endpoint of nobody's, a key nobody has, an OAuth
application that no provider knows."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Model

from campaigns.mailboxes import pause_mailbox
from campaigns.models import Mailbox, OAuthApplication, OAuthProvider
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.webhooks import endpoints
from campaigns_project.webhooks.models import WebhookEndpoint

AT_REST = "The demo connects to nobody."
NOBODYS = "Example (nobody has its key)"
KEY_HOLDS_FOR = timedelta(days=90)


@transaction.atomic  # a worker never sees them awake
def add_connections(organization: Organization, now: datetime) -> None:
    """A paused mailbox, a disabled endpoint with one event that it was not told, a service account that reads, and an
    application that nobody has signed in by."""
    mailbox = Mailbox.objects.create(
        organization=organization, name="Replies", host="imap.example.com", username="replies@example.com"
    )
    _record_made(mailbox, "mailbox", organization)
    pause_mailbox(mailbox=mailbox, actor=SYSTEM, reason=AT_REST)
    endpoint = endpoints.prepare(
        WebhookEndpoint(organization=organization, url="https://hooks.example.com/fairlead", description="Our own CRM"),
        actor=SYSTEM,
    )
    endpoint.save()
    _record_made(endpoint, "webhookendpoint", organization)
    endpoints.send_test(endpoint=endpoint, actor=SYSTEM, now=now)
    endpoints.disable(endpoint=endpoint, actor=SYSTEM, now=now, reason=AT_REST)
    application = OAuthApplication.objects.create(
        organization=organization,
        name="Example at Microsoft 365",
        provider=OAuthProvider.MICROSOFT,
        client_id="00000000-0000-0000-0000-000000000000",
    )
    _record_made(application, "oauthapplication", organization)
    # The key itself is shown to nobody: the page of the account shows what there is of one.
    create_api_key(organization=organization, name=NOBODYS, role=Role.VIEWER, actor=SYSTEM, expires_after=KEY_HOLDS_FOR)


def _record_made(row: Model, called: str, organization: Organization) -> None:
    record(action=f"{called}.created", entity=row, organization_id=organization.pk, actor=SYSTEM, reason="demo data")
