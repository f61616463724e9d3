"""What `tracking` tells the apps below it, which may not import it: what to ask and whom to tell (`ready`)."""

from campaigns.exported import exports
from campaigns.mentions import may_mention, may_mention_anybody
from campaigns.tallies import counts
from campaigns_project.verification.registry import verifies
from campaigns_project.verification.rows import related
from campaigns_project.workers.subjects import speaks_of
from tracking.analytics import counted, returned
from tracking.exported import DAYS, EVENTS, INBOUND_MAILS
from tracking.verifying import check_days, check_details, check_first_times, check_unsubscribed


def wire() -> None:
    """Fill the registries below; once, when all models are there."""
    for rows in (EVENTS, INBOUND_MAILS, DAYS):
        exports(rows)
    counts(counted.KIND, counted.count)
    counts(returned.KIND, returned.count)
    may_mention("email_tracking", "event_data")
    may_mention("inbound_mails", "text", "subject", "from_address", "own_message_id", "why")
    may_mention_anybody("inbound_webhooks", "body", "event")
    speaks_of("tracking.tasks.poll_instantly", "campaigns.Handover")
    speaks_of("tracking.tasks.read_mailbox_task", "campaigns.Mailbox")
    verifies("references of events", related("tracking"))
    verifies("first times", check_first_times)
    verifies("unsubscribed", check_unsubscribed)
    verifies("days of campaigns", check_days)
    verifies("details of events", check_details)
