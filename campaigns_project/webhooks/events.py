"""What is told: the closed list of types."""

from django.db import models

API_VERSION = "1"  # of the bodies; a change that breaks a reader makes it 2


class EventType(models.TextChoices):
    """What happened. The name never changes; new ones may come."""

    CAMPAIGN_STARTED = "campaign.started", "A campaign was started"
    CAMPAIGN_PAUSED = "campaign.paused", "A campaign was paused, by a person or by the system"
    CAMPAIGN_RESUMED = "campaign.resumed", "A campaign goes on after a pause or a failure"
    CAMPAIGN_COMPLETED = "campaign.completed", "Nobody is left in a campaign"
    CAMPAIGN_STOPPED = "campaign.stopped", "A campaign was stopped for good"
    CAMPAIGN_FAILED = "campaign.failed", "A campaign failed: its lead source gave nothing"
    CAMPAIGN_DELETED = "campaign.deleted", "A campaign was deleted"
    RECIPIENT_REPLIED = "recipient.replied", "A recipient replied"
    RECIPIENT_BOUNCED = "recipient.bounced", "A mail to a recipient bounced"
    RECIPIENT_UNSUBSCRIBED = "recipient.unsubscribed", "A recipient unsubscribed"
    RECIPIENT_COMPLAINED = "recipient.complained", "A recipient complained of spam"
    RECIPIENT_EXITED = "recipient.exited", "A recipient left its campaign, whatever the reason"
    MESSAGE_SENT = "message.sent", "A mail was sent"
    LEAD_ERASED = "lead.erased", "A person was erased, and is to be forgotten everywhere else too"
    SUPPRESSION_CREATED = "suppression.created", "Addresses or domains were suppressed"
    SUPPRESSION_REMOVED = "suppression.removed", "The suppression of an address or domain was lifted"
    SENDER_PAUSED = "sender.paused", "A sender was paused, by a person or by itself"
    SENDER_RESUMED = "sender.resumed", "A sender is used again"
    IMPORT_FINISHED = "import.finished", "An import ended"
    TEST = "webhook.test", "A test that somebody asked for"


# One for each mail: who wants that many says so.
ONLY_BY_NAME = frozenset({EventType.MESSAGE_SENT})
SUBSCRIBABLE = [choice for choice in EventType.choices if choice[0] != EventType.TEST]
